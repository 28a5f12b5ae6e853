import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { CLOSE } from '../../shared/protocol/link.ts';
import { createMemoryConnection } from '../../shared/protocol/memory-connection.ts';

/** Both ends of a connection, and what each of them hears. */
function connected() {
  const heard: string[][] = [[], []];
  const links = createMemoryConnection().map((open, end) =>
    open({
      onFrame: (frame) => heard[end].push(`frame ${frame[0]}`),
      onClose: (code, reason) => heard[end].push(`closed ${code} ${reason}`),
    }),
  );
  return { heard, links };
}

describe('a connection in memory', () => {
  test('delivers frames in order, later, and tells when they may be used again', async () => {
    const { heard, links } = connected();
    for (const value of [1, 2]) links[0].send(Uint8Array.of(value), () => heard[0].push(`sent ${value}`));
    links[1].send(Uint8Array.of(3));
    expect(heard).toEqual([[], []]);
    await setImmediate();
    expect(heard).toEqual([
      ['sent 1', 'sent 2', 'frame 3'],
      ['frame 1', 'frame 2'],
    ]);
    expect(links[0].isLocal).toBe(true);
  });

  test('delivers what was sent before it was closed, and nothing after that', async () => {
    const { heard, links } = connected();
    links[0].send(Uint8Array.of(1));
    links[0].close(CLOSE.goingAway, 'over');
    links[0].send(Uint8Array.of(2));
    links[1].close(CLOSE.normal, 'too late');
    links[1].send(Uint8Array.of(3));
    await setImmediate();
    await setImmediate();
    expect(heard).toEqual([['closed 1001 over'], ['frame 1', 'closed 1001 over']]);
  });
});
