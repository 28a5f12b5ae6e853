import { describe, expect, test } from 'vitest';
import { createAuditPolicy } from '../../../../coordinator/scheduling/audit-policy.ts';
import type { Member } from '../../../../coordinator/scheduling/member.ts';
import { toyMember } from '../../../support/toy-member.ts';

/** How a sum of this member is checked, if chance selects it or not. */
function checkOf(
  member: Partial<Member>,
  { isSelected = false, isCheckedHere = false, guestsOnly = false } = {},
) {
  const choice = { isSelected: () => isSelected, isCheckedHere: () => isCheckedHere };
  return createAuditPolicy({
    all: guestsOnly ? undefined : choice,
    guests: guestsOnly ? choice : undefined,
    isSuspect: (origin) => origin === 'suspect',
  })(toyMember(0, member));
}

describe('a sum', () => {
  test.for([
    ['of a proven worker', { checkedSums: 16 }, false, 'none'],
    ['of a proven worker that chance selects', { checkedSums: 16 }, true, 'other'],
    ['of a worker with few right sums', { checkedSums: 15 }, false, 'other'],
    ['of a proven worker from a suspect origin', { origin: 'suspect' }, false, 'other'],
    ['of our own new worker', { checkedSums: 0, isOwn: true }, false, 'none'],
    ['of our own worker that chance selects', { checkedSums: 0, isOwn: true }, true, 'other'],
  ] as const)('%s is checked as it should be', ([, member, isSelected, check]) => {
    expect(checkOf(member, { isSelected })).toBe(check);
  });

  test('is checked if a guest gave it, where nobody else is checked', () => {
    const guestsOnly = true;
    const isSelected = true;
    expect(checkOf({ checkedSums: 0 }, { guestsOnly, isSelected })).toBe('none');
    expect(checkOf({ checkedSums: 0, isGuest: true }, { guestsOnly })).toBe('other');
    expect(checkOf({ checkedSums: 16, isGuest: true }, { guestsOnly })).toBe('none');
    expect(checkOf({ checkedSums: 16, isGuest: true }, { guestsOnly, isSelected })).toBe('other');
  });

  test('of a guest is checked as others are, where nothing is said of guests', () => {
    expect(checkOf({ checkedSums: 0, isGuest: true })).toBe('other');
  });

  test('is checked by the coordinator if that is drawn, and only if it is checked', () => {
    const isCheckedHere = true;
    expect(checkOf({ checkedSums: 0 }, { isCheckedHere })).toBe('here');
    expect(checkOf({ checkedSums: 16 }, { isCheckedHere, isSelected: true })).toBe('here');
    expect(checkOf({ checkedSums: 16 }, { isCheckedHere })).toBe('none');
  });
});
