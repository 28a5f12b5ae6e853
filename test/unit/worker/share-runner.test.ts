import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../../shared/bytes.ts';
import { decodeWorkerFrame } from '../../../shared/protocol/codec.ts';
import type { PartialSum } from '../../../shared/round/partial-sum.ts';
import type { RunConfig } from '../../../shared/round/run-config.ts';
import { ShareRunner, type ShareRunnerOptions } from '../../../worker/share-runner.ts';
import { createWorkbench } from '../../../worker/workbench.ts';
import { createToyDataset } from '../../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../../support/toy-run.ts';

const dataset = createToyDataset();
const STEP = { kind: 'train', step: 0 } as const;
const SHARE = { lo: 3, hi: 6 };
const BLOCK_MS = 5;
const SEND_MS = 2;

/** A runner of which each block and each frame takes its time. */
function startRunner(
  options: Partial<ShareRunnerOptions> = {},
  overrides: Partial<RunConfig> = {},
) {
  let now = 100;
  const bench = createWorkbench(toyConfig(dataset, overrides), dataset, naiveEngine);
  const parameters = new Float32Array(bench.workload.parameterCount).fill(0.01);
  const frames: Uint8Array[] = [];
  const callbacks: (() => void)[] = [];
  let pauseCount = 0;
  const runner = new ShareRunner({
    clock: { now: () => now, setTimer: () => () => {} },
    async pause() {
      pauseCount++;
      now += BLOCK_MS;
    },
    chunkBytes: 400,
    send(frame, onSent) {
      now += SEND_MS;
      frames.push(frame);
      if (onSent) callbacks.push(onSent);
    },
    signal: new AbortController().signal,
    ...options,
  });
  const sent = () =>
    frames.map((frame) => {
      const { message, payload } = decodeWorkerFrame(frame.slice());
      if (message.type !== 'partial-sum') throw new Error(message.type);
      const { lo, hi, offset, timing } = message;
      return { lo, hi, offset, timing, payload };
    });
  const expected = () => {
    const sums: PartialSum[] = [];
    for (const sum of bench.computer.compute(STEP, SHARE, parameters))
      if (sum) sums.push({ node: sum.node, vector: sum.vector.slice() });
    return sums;
  };
  return {
    run: () => runner.run(bench, STEP, SHARE, parameters),
    bench,
    frames,
    callbacks,
    sent,
    expected,
    pauseCount: () => pauseCount,
  };
}

const usage = () => ({ cpuMs: 70, throttledMs: 8 });

describe('a share runner', () => {
  test('sends the sum of each largest node in chunks, in order', async () => {
    const { run, sent, expected } = startRunner();
    await run();
    const sums = expected();
    expect(sums.map(({ node }) => node)).toEqual([
      { lo: 3, hi: 4 },
      { lo: 4, hi: 6 },
    ]);
    expect(sent().map(({ lo, hi, offset }) => [lo, hi, offset])).toEqual([
      [3, 4, 0],
      [3, 4, 400],
      [4, 6, 0],
      [4, 6, 400],
    ]);
    const payloads = Buffer.concat(sent().map(({ payload }) => payload));
    expect(payloads).toEqual(Buffer.concat(sums.map(({ vector }) => bytesOf(vector))));
  });

  test('tells with the last chunk alone where the time went', async () => {
    const { run, sent, pauseCount } = startRunner({ usage });
    await run();
    expect(pauseCount()).toBe(1);
    const timings = sent().map(({ timing }) => timing);
    const sendMs = 3 * SEND_MS;
    const computeMs = pauseCount() * BLOCK_MS;
    const times = { startedAt: 100, receiveMs: 0, computeMs, sendMs };
    expect(timings).toEqual([undefined, undefined, undefined, { ...times, ...usage() }]);
  });

  test('tells how long the parameters took to arrive', async () => {
    const { run, sent, bench } = startRunner({ usage });
    const bytes = new Uint8Array(4 * bench.workload.parameterCount);
    bench.parameters.receive(0, 0, bytes, 60);
    await run();
    expect(sent().at(-1)?.timing).toMatchObject({ startedAt: 100, receiveMs: 40 });
  });

  test('tells no time where nobody measures what the process uses', async () => {
    const { run, sent } = startRunner();
    await run();
    expect(sent().map(({ timing }) => timing)).toEqual(new Array(4).fill(undefined));
  });

  test('sends no further sum when it is aborted in a pause', async () => {
    const abort = new AbortController();
    const { run, sent } = startRunner({ signal: abort.signal, pause: async () => abort.abort() });
    await run();
    expect(sent().map(({ lo }) => lo)).toEqual([3, 3]);
  });

  test('sends nothing when it is aborted before it begins', async () => {
    const { run, sent } = startRunner({ signal: AbortSignal.abort() });
    await run();
    expect(sent()).toEqual([]);
  });

  test('sends what it is told to corrupt', async () => {
    const corrupt = (vector: Float32Array) => vector.fill(9);
    const { run, sent } = startRunner({ corrupt });
    await run();
    for (const { payload } of sent()) {
      const values = new Float32Array(payload.slice().buffer);
      expect(values.every((value) => value === 9)).toBe(true);
    }
  });

  test('sends two bytes of each gradient value of a large node as bfloat16', async () => {
    const { run, sent, expected, bench } = startRunner({ chunkBytes: 1024 }, { wire: 'bf16' });
    await run();
    const { parameterCount } = bench.workload;
    expect(sent().map(({ hi, lo, payload }) => [hi - lo, payload.length])).toEqual([
      [1, 4 * parameterCount + 8],
      [2, 2 * parameterCount + 8],
    ]);
    const [, { vector }] = expected();
    const statistics = sent()[1].payload.subarray(-8);
    expect(Buffer.from(statistics)).toEqual(Buffer.from(bytesOf(vector).subarray(-8)));
    const words = new Uint16Array(sent()[1].payload.slice(0, 2 * parameterCount).buffer);
    const upperHalves = new Uint16Array(vector.buffer, vector.byteOffset).filter((_, i) => i % 2);
    expect(words).toEqual(upperHalves.subarray(0, parameterCount));
  });

  test('uses the memory of a frame again once it is sent, not before', async () => {
    const { run, frames, callbacks } = startRunner();
    await run();
    const memoryOf = (from: number) => new Set(frames.slice(from).map(({ buffer }) => buffer));
    expect(memoryOf(0).size).toBe(4);
    for (const onSent of callbacks.splice(0)) onSent();
    await run();
    expect(memoryOf(4)).toEqual(memoryOf(0));
    await run();
    expect(memoryOf(0).size).toBe(8);
  });
});
