import { describe, expect, test } from 'vitest';
import { createPoolNotices } from '../../../../coordinator/cluster/pool-notices.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';

function noticing(microBatchCount = 16) {
  const told: unknown[] = [];
  const notices = createPoolNotices(createSimulatedClock(), microBatchCount, (event) =>
    told.push(event.event === 'notice' && [event.code, event.message]),
  );
  return { notices, told };
}

describe('the notices of a pool', () => {
  test('say that there are more workers than micro-batches, once each time', () => {
    const { notices, told } = noticing(16);
    for (const worldSize of [15, 16, 17, 18, 17, 64, 16]) notices.worldSize(worldSize);
    const message =
      'there are more workers (17) than micro-batches (16): those beyond get no work in ' +
      'training; a new run can have more --micro-batches';
    expect(told).toEqual([['crowded', message]]);
    notices.worldSize(17);
    expect(told).toHaveLength(2);
  });

  test('say how many workers are there, and how many get ready', () => {
    const { notices, told } = noticing();
    notices.gathering(1, 1, 3, 10_000);
    notices.gathering(1, 3, 4, 20_400);
    expect(told).toEqual([
      ['waiting', 'the run has waited 10 s for workers: 1 of 3 are ready'],
      ['waiting', 'the run has waited 20 s for workers: 1 of 4 are ready, and 2 more get ready'],
    ]);
  });

  test('say why a worker was never ready', () => {
    const { notices, told } = noticing();
    notices.unready('box', 'connection lost');
    const message = 'worker box went before it was ready (connection lost): ';
    expect(told).toEqual([
      [
        'unready',
        `${message}its own output and exit code say more ` +
          '(137: killed by signal 9, perhaps out of memory)',
      ],
    ]);
  });

  test('say of a worker that was killed here no more than that', () => {
    const { notices, told } = noticing();
    notices.unready('local-1', 'killed');
    expect(told).toEqual([['unready', 'worker local-1 went before it was ready (killed)']]);
  });
});
