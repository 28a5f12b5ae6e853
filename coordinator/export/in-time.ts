import type { StepRecord } from '../training/ledger.ts';
import type { EpochRecord } from '../training/progress.ts';
import type { RunFigures } from './run-figures.ts';

/** A record, and when it was made, in seconds since 1970. */
export type TimedRecord =
  | { readonly kind: 'start'; readonly wallTime: number }
  | { readonly kind: 'step'; readonly record: StepRecord; readonly wallTime: number }
  | { readonly kind: 'epoch'; readonly record: EpochRecord; readonly wallTime: number };

/**
 * The beginning of a run and all its records, in order, with the times at which they were made.
 *
 * Records have durations only. So time is counted back from the last write to their files: each
 * step took its own time, and an epoch's evaluation what is left of the epoch. The pause before a
 * resumed run went on is unknown, and counts as nothing.
 */
export async function* inTime(figures: RunFigures): AsyncGenerator<TimedRecord> {
  const stepMs = new Map<number, number>();
  let totalMs = 0;
  for await (const { epoch, milliseconds } of figures.steps()) {
    stepMs.set(epoch, (stepMs.get(epoch) ?? 0) + milliseconds);
    totalMs += milliseconds;
  }
  // An epoch's time is that of the process which ended it. Others may have made some of its steps.
  const evaluationMs = ({ epoch, seconds }: EpochRecord) =>
    Math.max(0, seconds * 1000 - (stepMs.get(epoch) ?? 0));
  for (const epoch of figures.epochs) totalMs += evaluationMs(epoch);

  let atMs = figures.lastWriteMs - totalMs;
  yield { kind: 'start', wallTime: atMs / 1000 };
  const epochs = figures.epochs[Symbol.iterator]();
  let { value: next } = epochs.next();
  for await (const record of figures.steps()) {
    atMs += record.milliseconds;
    yield { kind: 'step', record, wallTime: atMs / 1000 };
    while (next && next.step <= record.step + 1) {
      atMs += evaluationMs(next);
      yield { kind: 'epoch', record: next, wallTime: atMs / 1000 };
      ({ value: next } = epochs.next());
    }
  }
}
