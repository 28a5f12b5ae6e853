import { describe, expect, test } from 'vitest';
import { ThreadWorker } from '../../../../coordinator/connection/thread-worker.ts';
import type { ShareJob } from '../../../../shared/engine/threads/thread-jobs.ts';
import type { Hello } from '../../../../shared/protocol/messages.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { createToyRun, toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const { workload } = createToyRun(toyConfig(dataset), dataset, 1);
const welcome = { rank: 0, identity: 'it' };
const train = { kind: 'train', step: 3 } as const;
const parameters = new Float32Array(4);

/** A worker of so many threads. `finish` ends the share that they work on. */
async function startWorker(size: number, onHello = (_hello: Hello): object => welcome) {
  const events: string[] = [];
  const jobs: ShareJob[] = [];
  let finish = (_isDone: boolean) => {};
  let fail = (_error: Error) => {};
  let room = Number.POSITIVE_INFINITY;
  let lentCount = 0;
  const worker = new ThreadWorker({
    clock: createSimulatedClock(),
    workload,
    identity: { name: 'local-0', numerics: ['strict'] },
    threads: {
      size,
      sum(given) {
        jobs.push(...given);
        return new Promise((resolve, reject) => {
          finish = resolve;
          fail = reject;
        });
      },
    },
    addHalves: (_kind, { lo, hi }) => void events.push(`add [${lo}, ${hi})`),
    acquire(length) {
      if (lentCount >= room) throw new Error('no room');
      lentCount++;
      return new Float32Array(length);
    },
    release: () => void lentCount--,
    usage: () => ({ cpuMs: 1, throttledMs: 0 }),
    onFault: (error) => void events.push(`fault ${error}`),
    listener: {
      onAnswer: () => undefined,
      onHello: onHello as never,
      onReady: () => void events.push('ready'),
      onArrivingSum() {},
      onPartialSum({ node, isLast, timing }) {
        events.push(`sum [${node.lo}, ${node.hi}) ${isLast} ${timing?.cpuMs}`);
      },
      onDuplicate() {},
      onLeaving: () => void events.push('leaving'),
      onGone: (reason) => void events.push(`gone: ${reason}`),
    },
  });
  await turn();
  return {
    worker,
    events,
    jobs,
    finish: (isDone = true) => finish(isDone),
    fail: (error: Error) => fail(error),
    lent: () => lentCount,
    allow: (vectorCount: number) => {
      room = vectorCount;
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a worker of threads', () => {
  test('is ready as soon as it is admitted', async () => {
    expect((await startWorker(1)).events).toEqual(['ready']);
  });

  test('says how many threads it has, and that nothing is sent', async () => {
    const hellos: Hello[] = [];
    const { worker } = await startWorker(3, (hello) => {
      hellos.push(hello);
      return welcome;
    });
    expect(hellos).toMatchObject([{ name: 'local-0', threads: 3 }]);
    expect(worker.traffic).toEqual({ sentBytes: 0, receivedBytes: 0 });
  });

  test('that is refused is gone, with the reason', async () => {
    const { events } = await startWorker(1, () => ({ why: 'refused', message: 'not you' }));
    expect(events).toEqual([expect.stringMatching(/^gone: .*not you/)]);
  });

  test('gives each thread a part of the share, and joins their sums', async () => {
    const { worker, events, jobs, finish, lent } = await startWorker(2);
    worker.sendShare(train, { lo: 0, hi: 16 }, parameters);
    expect(worker.isFree).toBe(false);
    expect(jobs.map(({ leaves, into }) => [leaves.lo, leaves.hi, into.length])).toEqual([
      [0, 8, 1],
      [8, 16, 1],
    ]);
    finish();
    await turn();
    expect(worker.isFree).toBe(true);
    expect(events).toEqual(['ready', 'add [0, 16)', 'sum [0, 16) true 1']);
    expect(lent()).toBe(1); // the listener owns this one
  });

  test('passes on one sum per subtree, and the timing with the last one', async () => {
    const { worker, events, finish } = await startWorker(1);
    worker.sendShare(train, { lo: 4, hi: 14 }, parameters);
    finish();
    await turn();
    expect(events.slice(1)).toEqual([
      'sum [4, 8) false undefined',
      'sum [8, 12) false undefined',
      'sum [12, 14) true 1',
    ]);
  });

  test('that goes while it computes gives nothing, and returns all vectors', async () => {
    const { worker, events, finish, lent } = await startWorker(2);
    worker.sendShare(train, { lo: 0, hi: 16 }, parameters);
    worker.end('it has ended');
    finish();
    await turn();
    expect(events).toEqual(['ready', 'gone: it has ended']);
    expect(lent()).toBe(0);
  });

  test('asks to leave as any other worker does, unless it is gone', async () => {
    const { worker, events } = await startWorker(1);
    worker.askToLeave();
    expect(events).toEqual(['ready', 'leaving']);
    worker.close({ why: 'drained' });
    worker.askToLeave();
    expect(events.slice(2)).toEqual(['gone: drained']);
  });

  test('tells who has started it once why it is gone', async () => {
    const { worker } = await startWorker(1);
    worker.close({ why: 'refused', message: 'a wrong sum' });
    worker.end('a thread has failed');
    expect(await worker.gone).toBe('a wrong sum');
  });

  test('whose thread fails is gone', async () => {
    const { worker, events, finish, lent } = await startWorker(1);
    worker.sendShare(train, { lo: 0, hi: 16 }, parameters);
    finish(false);
    await turn();
    expect(events).toEqual(['ready', 'gone: a thread has failed']);
    expect(lent()).toBe(0);
  });

  test('whose sums find no place tells the caller, and computes nothing', async () => {
    const { worker, jobs, allow } = await startWorker(2);
    allow(1);
    expect(() => worker.sendShare(train, { lo: 0, hi: 16 }, parameters)).toThrow('no room');
    expect(jobs).toEqual([]);
    expect(worker.isFree).toBe(true);
  });

  test('whose threads throw reports the fault, and is gone', async () => {
    const { worker, events, fail } = await startWorker(2);
    worker.sendShare(train, { lo: 0, hi: 16 }, parameters);
    fail(new Error('a fault'));
    await turn();
    expect(events).toEqual(['ready', 'fault Error: a fault', 'gone: a fault of the coordinator']);
  });
});
