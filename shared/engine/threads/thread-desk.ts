/*
 * How one thread gives work to another one, through memory that both see.
 *
 *   words   request │ done │ failed          a cache line per thread; numbers of jobs
 *   job     kind │ numbers …                 what to do; then, what came out
 *
 * The giver writes the job and adds 1 to `request`. The worker wakes up, does the job, writes its
 * results over it, and sets `done` to `request`. So the job belongs to the worker while the two
 * differ, and to the giver while they are equal.
 *
 * Both wait by looking again and again for a moment, and then asleep. Waking a thread up takes
 * longer than most gaps between two jobs. But looking takes a core away from others, so it is only
 * done where each thread has a core of its own.
 *
 * A thread may end in the middle of a job. That job has failed, and another thread may take the
 * desk over: it begins with the next job.
 */

const [REQUEST, DONE, FAILED] = [0, 1, 2];
export const DESK_WORDS = 16;
export const JOB_NUMBERS = 512;
/** Spinning longer than this does not pay, because waking up takes about as long. */
const SPIN_MS = 0.05;

/** The place in shared memory where a thread gets its jobs. */
export interface Desk {
  readonly words: Int32Array;
  readonly job: Float64Array;
  /** Whether to spin before sleeping. */
  readonly isSpinning: boolean;
}

/** A desk in the memory of `words` [DESK_WORDS] and `numbers`, 2 · JOB_NUMBERS words. */
export function deskIn(words: Uint32Array, numbers: Uint32Array, isSpinning: boolean): Desk {
  return {
    words: new Int32Array(words.buffer, words.byteOffset, DESK_WORDS),
    job: new Float64Array(numbers.buffer, numbers.byteOffset, JOB_NUMBERS),
    isSpinning,
  };
}

/** Whether the thread has nothing to do. */
export const isIdle = ({ words }: Desk): boolean =>
  Atomics.load(words, DONE) === Atomics.load(words, REQUEST);

/** Hands over the job that was written. The thread must be idle. */
export function handOver({ words }: Desk): void {
  Atomics.add(words, REQUEST, 1);
  Atomics.notify(words, REQUEST);
}

/**
 * Waits until the thread is idle, at most `timeoutMs`. Returns whether it is. `now` returns
 * milliseconds.
 */
export function awaitIdle(desk: Desk, timeoutMs: number, now: () => number): boolean {
  const { words } = desk;
  const request = Atomics.load(words, REQUEST);
  const until = now() + timeoutMs;
  for (;;) {
    const done = Atomics.load(words, DONE);
    if (done === request) return true;
    const leftMs = until - now();
    if (leftMs <= 0) return false;
    awaitChange(desk, DONE, done, leftMs, now);
  }
}

/** Resolves when the thread is idle. The event loop goes on meanwhile. */
export async function awaitIdleAsync({ words }: Desk): Promise<void> {
  const request = Atomics.load(words, REQUEST);
  for (;;) {
    const done = Atomics.load(words, DONE);
    // It may have done another job since.
    if (((done - request) | 0) >= 0) return;
    const waiting = Atomics.waitAsync(words, DONE, done);
    if (waiting.async) await waiting.value;
  }
}

/** Whether the last job of the thread has failed. */
export function hasFailed({ words }: Desk): boolean {
  const failed = Atomics.load(words, FAILED);
  return failed !== 0 && failed === Atomics.load(words, DONE);
}

/** The thread has ended. Its job, if it has one, has failed. */
export function failJob({ words }: Desk): void {
  const request = Atomics.load(words, REQUEST);
  if (Atomics.load(words, DONE) !== request) finish(words, request, false);
}

function finish(words: Int32Array, request: number, isRight: boolean): void {
  if (!isRight) Atomics.store(words, FAILED, request);
  Atomics.store(words, DONE, request);
  Atomics.notify(words, DONE);
}

/** Does the jobs of a desk, for ever. `work` does one; what it throws goes to `onFailure`. */
export function serve(
  desk: Desk,
  work: (job: Float64Array) => void,
  onFailure: (error: unknown) => void,
  now: () => number,
): never {
  const { words, job } = desk;
  for (let seen = Atomics.load(words, DONE); ; ) {
    awaitChange(desk, REQUEST, seen, Number.POSITIVE_INFINITY, now);
    const request = Atomics.load(words, REQUEST);
    if (request === seen) continue;
    seen = request;
    let isRight = false;
    try {
      work(job);
      isRight = true;
    } catch (error) {
      onFailure(error);
    }
    finish(words, seen, isRight);
  }
}

/** Waits until a word is no longer `old`, or until the time is over. */
function awaitChange(
  { words, isSpinning }: Desk,
  index: number,
  old: number,
  timeoutMs: number,
  now: () => number,
): void {
  if (isSpinning) {
    const spinUntil = now() + Math.min(SPIN_MS, timeoutMs);
    while (now() < spinUntil) if (Atomics.load(words, index) !== old) return;
  }
  Atomics.wait(words, index, old, timeoutMs);
}
