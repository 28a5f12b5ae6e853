import type { ShareDetail, StepDetail } from '../../coordinator/dashboard/steps/step-detail.ts';

/** A share that is answered after 3 ms, or as `changes` say. */
export function toyShare(
  rank: number,
  lo: number,
  hi: number,
  changes: Partial<ShareDetail> = {},
): ShareDetail {
  return {
    ...{ rank, lo, hi, startMs: 0.5, deadlineAtMs: 20, purpose: 'need' },
    ...{ receive: [0.5, 0.75], compute: [0.75, 2.75], send: [2.75, 2.875], answeredAtMs: 3 },
    ...changes,
  };
}

/** A share without answer. */
export function openShare(
  rank: number,
  lo: number,
  hi: number,
  { deadlineAtMs = 20, ...changes }: Partial<ShareDetail> = {},
): ShareDetail {
  return { rank, lo, hi, startMs: 0.5, deadlineAtMs, purpose: 'need', ...changes };
}

/** A step of 4 ms that begins at 100 ms. Each answered share has given one sum. */
export function toyStep(shares: readonly ShareDetail[], changes: Partial<StepDetail> = {}) {
  const answered = shares.filter(({ answeredAtMs }) => answeredAtMs !== undefined);
  const sums = answered.map(({ rank, lo, hi, answeredAtMs = 0 }) => ({
    ...{ rank, lo, hi },
    ms: answeredAtMs,
  }));
  const detail: StepDetail = {
    ...{ kind: 'train', step: 7, startedAt: 100, milliseconds: 4, loss: 0.5, isDone: true },
    ...{ broadcastMs: 0.25, updateMs: 0.5, reductions: [[3, 0.125]], shares, arrivals: sums },
    work: sums.map(({ rank, lo, hi }) => ({ rank, lo, hi })),
    copies: [],
  };
  return { ...detail, ...changes };
}
