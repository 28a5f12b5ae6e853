import type { AnsweredShare } from '../share-runner.ts';
import type { TabWork } from './tab-messages.ts';

/** The page gets news so often at most, in ms. */
const REPORT_INTERVAL_MS = 250;

/**
 * Counts what a tab gives, and reports it a few times a second. It looks at the clock when a share
 * is answered, so it needs no timer.
 */
export function createWorkMeter(
  now: () => number,
  report: (work: TabWork) => void,
): (share: AnsweredShare) => void {
  let [shares, sums, examples] = [0, 0, 0];
  let [reportedAt, reportedExamples] = [now(), 0];
  return ({ kind, exampleCount, sumCount }) => {
    shares++;
    sums += sumCount;
    if (kind === 'train') examples += exampleCount;
    const elapsedMs = now() - reportedAt;
    if (elapsedMs < REPORT_INTERVAL_MS && shares > 1) return;
    const examplesPerSecond = (1000 * (examples - reportedExamples)) / Math.max(elapsedMs, 1);
    [reportedAt, reportedExamples] = [now(), examples];
    report({ shares, sums, examples, examplesPerSecond });
  };
}
