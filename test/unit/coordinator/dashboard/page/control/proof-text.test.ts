import { expect, test } from 'vitest';
import type { Moment } from '../../../../../../coordinator/dashboard/model/run-view.ts';
import { proofTitle } from '../../../../../../coordinator/dashboard/page/control/proof-text.ts';
import { toyView } from '../../../../../support/toy-view.ts';

const momentOf = (step: number, fingerprint: string | null = 'f') =>
  ({ step, status: { fingerprint } }) as Moment;

test('the proof has the fingerprint of the shown step', () => {
  const view = toyView({ status: { step: 1200, fingerprint: '06d6aaaa7b15' } });
  expect(proofTitle(view)).toBe('After step 1,200 the parameters have the fingerprint 06d6…7b15.');
});

test('the proof of a step without a fingerprint names the nearest that have one', () => {
  const titleOf = (...moments: Moment[]) =>
    proofTitle(toyView({ status: { step: 812, fingerprint: null }, moments }));
  const none = 'The page does not have the fingerprint of step 812';
  expect(titleOf()).toBe(`${none}.`);
  expect(titleOf(momentOf(700), momentOf(800), momentOf(811, null), momentOf(1830))).toBe(
    `${none}; it has that of step 800 and that of step 1,830.`,
  );
  expect(titleOf(momentOf(830), momentOf(900))).toBe(`${none}; it has that of step 830.`);
});
