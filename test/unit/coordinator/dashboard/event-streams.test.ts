import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import {
  EventStreams,
  type EventStreamsOptions,
} from '../../../../coordinator/dashboard/event-streams.ts';
import { type Cursor, formatCursor } from '../../../../coordinator/dashboard/model/run-view.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';
import { toyUpdate } from '../../../support/toy-update.ts';

/** The end of a connection that the page has, as far as a stream uses it. */
class FakeResponse extends EventEmitter {
  readonly written: string[] = [];
  headers: Record<string, string> = {};
  writableLength = 0;
  isEnded = false;
  writeHead(code: number, headers: Record<string, string>): void {
    this.headers = { ...headers, code: String(code) };
  }
  write(text: string): void {
    this.written.push(text);
  }
  end(): void {
    this.isEnded = true;
  }
  destroy(): void {
    this.emit('close');
  }
}

const idsOf = ({ written }: FakeResponse): string[] =>
  written.map((text) => /^id: \w+\.(\d+)/.exec(text)?.[1] ?? text);

function createRun(options: Partial<EventStreamsOptions> = {}) {
  const clock = createSimulatedClock();
  const run = { step: 0, updates: [] as (Cursor | undefined)[], faults: [] as unknown[] };
  const streams = new EventStreams({
    updateAfter(cursor) {
      run.updates.push(cursor);
      return toyUpdate({ source: 'a', step: run.step, epoch: 0, revision: 0 });
    },
    headers: { 'x-own': 'yes' },
    clock,
    date: () => 1000 + clock.now(),
    onFault: (error) => run.faults.push(error),
    ...options,
  });
  const open = (lastId?: string) => {
    const response = new FakeResponse();
    const request = { headers: lastId === undefined ? {} : { 'last-event-id': lastId } };
    const isOpen = streams.open(
      request as unknown as IncomingMessage,
      response as unknown as ServerResponse,
    );
    return isOpen ? response : undefined;
  };
  const pass = (ms: number) => {
    const until = clock.now() + ms;
    clock.setTimer(ms, () => {}); // Time stands still without a timer.
    return clock.run(() => false, until);
  };
  return { run, streams, open, pass };
}

test('while no page is open, no update is computed', async () => {
  const { run, streams, open, pass } = createRun();
  await pass(10_000);
  expect(run.updates).toEqual([]);
  const page = open();
  await pass(600);
  expect(run.updates).toHaveLength(3);
  page?.destroy();
  expect(streams.count).toBe(0);
  await pass(10_000);
  expect(run.updates).toHaveLength(3);
});

test('a page gets all at once, then what is new, at most four times per second', async () => {
  const { run, open, pass } = createRun();
  run.step = 7;
  const page = open();
  expect(page?.headers).toMatchObject({
    ...{ code: '200', 'content-type': 'text/event-stream', 'x-own': 'yes' },
    ...{ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' },
  });
  expect(page && idsOf(page)).toEqual(['7']);
  for (run.step = 8; run.step < 100; run.step++) await pass(10);
  expect(page && idsOf(page)).toHaveLength(4);
  expect(page?.written[1]).toMatch(/^id: a\.\d+\.0\.0\ndata: \{.*"time":1250\}\n\n$/);
});

test('a page that comes back gets what is new since its cursor, a page with nonsense all', () => {
  const { run, open } = createRun();
  const cursor = { source: 'b', step: 3, epoch: 1, revision: 2 };
  open(formatCursor(cursor));
  open('b.3.1');
  open('b.3.1.2, b.3.1.2');
  expect(run.updates).toEqual([cursor, undefined, undefined]);
});

test('pages at the same place share one update', async () => {
  const { run, open, pass } = createRun();
  for (let i = 0; i < 10; i++) open();
  run.updates.length = 0;
  run.step++;
  await pass(250);
  expect(run.updates).toHaveLength(1);
});

test('when nothing changes, a page hears so every five seconds', async () => {
  const { open, pass } = createRun();
  const page = open();
  await pass(16_000);
  const heard = page && idsOf(page).slice(1);
  expect(heard).toEqual([': nothing new\n\n', ': nothing new\n\n', ': nothing new\n\n']);
});

test('a page that does not read gets nothing, until it reads', async () => {
  const { run, open, pass } = createRun();
  const [stuck, other] = [open(), open()];
  if (stuck) stuck.writableLength = 1;
  for (run.step = 1; run.step <= 4; run.step++) await pass(250);
  expect(stuck && idsOf(stuck)).toEqual(['0']);
  expect(other && idsOf(other)).toEqual(['0', '1', '2', '3', '4']);
  if (stuck) stuck.writableLength = 0;
  await pass(250);
  expect(stuck && idsOf(stuck)).toEqual(['0', '5']);
});

test('when all places are taken, one that does not read makes room, and no other', async () => {
  const { streams, open, pass } = createRun({ streamsMax: 2 });
  const [reader, stuck] = [open(), open()];
  expect(open()).toBeUndefined();
  if (stuck) stuck.writableLength = 1;
  expect(open()).toBeUndefined();
  await pass(6_000);
  expect(open()).toBeDefined();
  expect(open()).toBeUndefined();
  expect(streams.count).toBe(2);
  reader?.destroy();
  expect(open()).toBeDefined();
});

test('the end sends the last update to all, and no stream is opened after it', async () => {
  const { run, streams, open, pass } = createRun();
  const page = open();
  run.step = 9;
  streams.close();
  expect(page && idsOf(page)).toEqual(['0', '9']);
  expect(page?.isEnded).toBe(true);
  expect(open()).toBeUndefined();
  run.updates.length = 0;
  await pass(1_000);
  expect(run.updates).toEqual([]);
});

test('an error in an update ends the streams and is told, and nothing else', async () => {
  const bug = new TypeError('bug');
  let isBroken = false;
  const { run, streams, open, pass } = createRun({
    updateAfter() {
      if (isBroken) throw bug;
      return toyUpdate({ source: 'a', step: 0, epoch: 0, revision: 0 });
    },
  });
  open();
  isBroken = true;
  await pass(1_000);
  expect(run.faults).toEqual([bug]);
  expect(streams.count).toBe(0);
});
