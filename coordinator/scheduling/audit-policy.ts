import type { Check } from '../reduction/audited-sum.ts';
import type { Member } from './member.ts';

/*
 * Whose sums are checked, and by whom.
 *
 * The problem. Liars may come in any number and under any names. Liars that check each other agree.
 * A liar that was found comes back under another name.
 *
 * The rules.
 *   1. A second author has another origin (see `Author`). If there is none, the coordinator checks.
 *   2. The coordinator itself checks a part of the sums. Nobody can agree with it in advance.
 *   3. Trust is earned: the first sums of a worker are always checked. So are all sums of an origin
 *      that has given a wrong one.
 *
 *   4. Guests are checked also where nobody asked for checks: whoever has the link may be one.
 *
 * Workers that the coordinator's own process started are no liars. Their sums are checked by chance
 * only, for flipped bits.
 */

/** The number of right sums after which a worker's sums are checked by chance. */
const CHECKED_SUMS_MIN = 16;

/** How sums are chosen for a check. */
export interface AuditChoice {
  /** Whether a sum is checked that need not be. */
  readonly isSelected: () => boolean;
  /** Whether the coordinator makes a check itself. */
  readonly isCheckedHere: () => boolean;
}

export interface AuditPolicyOptions {
  /** For all workers. Undefined: only guests are checked. */
  readonly all: AuditChoice | undefined;
  /** For guests. Undefined: as for all. */
  readonly guests: AuditChoice | undefined;
  /** Whether somebody of this origin gave a wrong sum. */
  readonly isSuspect: (origin: string) => boolean;
}

export function createAuditPolicy(options: AuditPolicyOptions): (author: Member) => Check {
  const { all, guests = all, isSuspect } = options;
  const isUnproven = ({ isOwn, checkedSums, origin }: Member) =>
    !isOwn && (checkedSums < CHECKED_SUMS_MIN || isSuspect(origin));
  return (author) => {
    const choice = author.isGuest ? guests : all;
    if (!choice || (!isUnproven(author) && !choice.isSelected())) return 'none';
    return choice.isCheckedHere() ? 'here' : 'other';
  };
}
