import { describe, expect, test } from 'vitest';
import {
  awaitIdle,
  awaitIdleAsync,
  DESK_WORDS,
  type Desk,
  deskIn,
  failJob,
  handOver,
  hasFailed,
  isIdle,
  JOB_NUMBERS,
  serve,
} from '../../../../../shared/engine/threads/thread-desk.ts';

const shared = (words: number) => new Uint32Array(new SharedArrayBuffer(4 * words));
const newDesk = (): Desk => deskIn(shared(DESK_WORDS), shared(2 * JOB_NUMBERS), false);

const END = new Error('no more jobs');

/** Does the jobs that wait at a desk, in this thread. Returns how many these were. */
function serveWaiting(desk: Desk, work: () => void = () => {}): number {
  let count = 0;
  try {
    serve(
      desk,
      () => {
        count++;
        work();
        // The next look at the desk finds one more job, and this ends the thread.
        handOver(desk);
        throw END;
      },
      () => {
        throw END;
      },
      () => 0,
    );
  } catch (error) {
    if (error !== END) throw error;
  }
  return count;
}

describe('a job', () => {
  test('keeps its thread busy until it is done', () => {
    const desk = newDesk();
    expect(isIdle(desk)).toBe(true);
    handOver(desk);
    expect(isIdle(desk)).toBe(false);
    expect(awaitIdle(desk, 1, performance.now.bind(performance))).toBe(false);
  });

  test('of a thread that has ended has failed, and who waits for it goes on', async () => {
    const desk = newDesk();
    handOver(desk);
    const idle = awaitIdleAsync(desk);
    failJob(desk);
    await idle;
    expect(isIdle(desk)).toBe(true);
    expect(hasFailed(desk)).toBe(true);
  });

  test('that was done before its thread has ended has not failed', () => {
    const desk = newDesk();
    failJob(desk);
    expect(hasFailed(desk)).toBe(false);
    expect(isIdle(desk)).toBe(true);
  });
});

describe('a desk whose thread has ended', () => {
  test('serves the next thread, which does not see the old job', () => {
    const desk = newDesk();
    handOver(desk);
    failJob(desk);
    handOver(desk);
    expect(serveWaiting(desk)).toBe(1);
  });

  test('has failed only until its next job is done', async () => {
    const desk = newDesk();
    handOver(desk);
    failJob(desk);
    handOver(desk);
    expect(hasFailed(desk)).toBe(true);
    Atomics.store(desk.words, 1, 2); // the second job is done
    expect(isIdle(desk)).toBe(true);
    expect(hasFailed(desk)).toBe(false);
  });
});
