import { expect, test } from 'vitest';
import { eventData } from '../../../../../../coordinator/dashboard/page/connection/event-data.ts';

async function read(pieces: Uint8Array<ArrayBuffer>[], hear?: () => void): Promise<string[]> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  return Array.fromAsync(eventData(stream, hear));
}

const TEXT = 'id: a.1.2.3\ndata: {"ä":1}\n\n: nothing new\n\ndata: one\ndata: two\n\ndata: cut';

test('the data of events, wherever the bytes are cut', async () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let cut = 0; cut <= bytes.length; cut++)
    expect(await read([bytes.slice(0, cut), bytes.slice(cut)])).toEqual(['{"ä":1}', 'one\ntwo']);
});

test('every piece is heard, also one without an event', async () => {
  const pieces = [': nothing new\n\n', 'data: on', 'e\n\n'].map((text) =>
    new TextEncoder().encode(text),
  );
  let heard = 0;
  expect(await read(pieces, () => heard++)).toEqual(['one']);
  expect(heard).toBe(3);
});
