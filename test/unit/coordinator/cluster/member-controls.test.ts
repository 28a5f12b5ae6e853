import { expect, test } from 'vitest';
import { controlsFor } from '../../../../coordinator/cluster/member-controls.ts';
import type { Disturbance } from '../../../../coordinator/connection/disturbance.ts';
import type { Worker } from '../../../../coordinator/connection/worker.ts';
import { toyMember } from '../../../support/toy-member.ts';

/** The controls of a member, with a list of what they do. */
function controls() {
  const log: string[] = [];
  const worker: Worker = {
    ...toyMember(3).worker,
    close: ({ why }) => void log.push(`close ${why}`),
  };
  const disturbance: Disturbance = {
    hold: (milliseconds) => void log.push(`hold ${milliseconds}`),
    corrupt: () => void log.push('corrupt'),
    isCorrupting: false,
    later(milliseconds, callback) {
      log.push(`in ${milliseconds}`);
      callback();
    },
  };
  const member = { ...toyMember(3), worker, name: 'far', identity: 'a secret' };
  return { ...controlsFor(member, disturbance, () => log.push('drain')), log };
}

test('the controls of a member say who it is', () => {
  expect(controls()).toMatchObject({ rank: 3, name: 'far', identity: 'a secret' });
});

test('a member is disturbed at its connection', () => {
  const { cut, hold, corrupt, log } = controls();
  hold(500);
  corrupt();
  cut();
  expect(log).toEqual(['hold 500', 'corrupt', 'close cut']);
});

test('a member that is dismissed answers at once, and goes after 8 s at the latest', () => {
  const { dismiss, log } = controls();
  dismiss();
  expect(log).toEqual(['hold 0', 'in 8000', 'close drained', 'drain']);
});
