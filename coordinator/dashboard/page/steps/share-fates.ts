import { areDisjoint, isInside } from '../../../../shared/reduction-tree.ts';
import type { ShareDetail, StepDetail } from '../../steps/step-detail.ts';

/** What became of a share. */
export interface ShareFate extends ShareDetail {
  /**
   * - `answered`: in time
   * - `late`: not answered by its deadline, and perhaps later
   * - `lost`: its worker was lost
   * - `open`: not answered, and not late yet
   */
  readonly outcome: 'answered' | 'late' | 'lost' | 'open';
  /** The late, lost or wrong share whose micro-batches this one computes again. */
  readonly replaces: ShareDetail | undefined;
  /**
   * Whether one of its sums was the first of its copies and counted. Undefined if nobody else
   * computed the same, or if it is not known yet.
   */
  readonly isFirst: boolean | undefined;
}

/** Whether others had to do its work. */
export const isMissed = ({ outcome }: Pick<ShareFate, 'outcome'>): boolean =>
  outcome === 'late' || outcome === 'lost';

/** The fates of a round's shares, in the order in which they were handed out. */
export function fatesOf(detail: StepDetail): ShareFate[] {
  const { shares } = detail;
  return shares.map((share, index) => {
    const rivals = shares.filter((other) => other !== share && !areDisjoint(other, share));
    const isNeeded = share.purpose === 'need';
    const replaces = rivals.findLast(
      (other) => isNeeded && other.purpose === 'need' && shares.indexOf(other) < index,
    );
    const isFirst = rivals.length > 0 ? isFirstOf(share, rivals, detail) : undefined;
    return { ...share, outcome: outcomeOf(share, detail), replaces, isFirst };
  });
}

function outcomeOf(share: ShareDetail, { milliseconds }: StepDetail): ShareFate['outcome'] {
  const { answeredAtMs, lostAtMs, deadlineAtMs } = share;
  if (lostAtMs !== undefined) return 'lost';
  if ((answeredAtMs ?? milliseconds) > deadlineAtMs) return 'late';
  return answeredAtMs === undefined ? 'open' : 'answered';
}

/** Of several shares of one worker over the same sum, the last one has given it. */
function isFirstOf(
  share: ShareDetail,
  rivals: readonly ShareDetail[],
  { isDone, work, arrivals }: StepDetail,
): boolean | undefined {
  const later = rivals.filter(
    ({ rank, startMs }) => rank === share.rank && startMs > share.startMs,
  );
  const isOwn = (sum: { rank: number | null; lo: number; hi: number }) =>
    sum.rank === share.rank &&
    isInside(sum, share) &&
    later.every((other) => !isInside(sum, other));
  if (isDone) return work.some(isOwn);
  if (!arrivals.some(isOwn)) return undefined;
  return arrivals.some(
    (sum, index) =>
      isOwn(sum) && arrivals.slice(0, index).every((earlier) => areDisjoint(earlier, sum)),
  );
}
