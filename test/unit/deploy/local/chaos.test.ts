import { describe, expect, test } from 'vitest';
import { WRONG_SUM } from '../../../../coordinator/reporting/pool-events.ts';
import { type ChaosSpec, createChaos, parseChaos } from '../../../../deploy/local/chaos.ts';
import type { LocalWorker } from '../../../../deploy/local/local-workers.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';

const QUIET: ChaosSpec = {
  kill: 0,
  stall: 0,
  leave: 0,
  join: 0,
  stallMs: 500,
  corrupt: 0,
  seed: 1,
};

/** Chaos among three workers, which notes what happens to whom. */
function disturb(spec: Partial<ChaosSpec>, { hasRoom = true, count = 3 } = {}) {
  const clock = createSimulatedClock();
  const log: string[] = [];
  const note = (what: string) => void log.push(`${Math.round(clock.now())} ${what}`);
  const workers = Array.from(
    { length: count },
    (_, i): LocalWorker => ({
      pid: i,
      kind: 'process',
      isKept: true,
      kill: () => note(`kill ${i}`),
      stall: (milliseconds) => note(`stall ${i} ${milliseconds}`),
      leave: (isForGood) => note(`leave ${i} ${isForGood}`),
      expectEnd() {},
    }),
  );
  const chaos = createChaos({ ...QUIET, ...spec }, clock);
  chaos.attach({
    running: () => workers,
    startExtra() {
      if (hasRoom) note('join');
      return hasRoom;
    },
  });
  const run = (untilMs: number) => {
    clock.setTimer(untilMs - clock.now(), () => {});
    return clock.run(() => false, untilMs);
  };
  return { chaos, log, run, clock };
}

describe('a list of disturbances', () => {
  test('has rates, the time of a stall, a probability and a seed', () => {
    expect(
      parseChaos('kill=0.5/s,stall=0.2/s:300ms,leave=.1/s,join=2/s,corrupt=1e-4,seed=7'),
    ).toEqual({ kill: 0.5, stall: 0.2, leave: 0.1, join: 2, stallMs: 300, corrupt: 1e-4, seed: 7 });
    expect(parseChaos('kill=1/s')).toEqual({ ...QUIET, kill: 1 });
  });

  test.for(['kill', 'kill=1', 'kill=1/s:5ms', 'boom=1/s', 'corrupt=2', 'seed=x', ''])(
    'is refused with the part that is wrong: "%s"',
    (part) => {
      expect(() => parseChaos(part)).toThrow(`"${part}" is not valid. Give parts such as kill=`);
    },
  );
});

describe('random faults', () => {
  test('follow from the seed', async () => {
    const spec = parseChaos('kill=2/s,stall=1/s:300ms,leave=0.5/s,join=1/s,seed=3');
    const { chaos, log, run } = disturb(spec);
    chaos.begin();
    await run(3_500);
    // Users repeat a run by its seed, so these must never change.
    expect(log).toEqual([
      '635 stall 0 300',
      '872 stall 1 300',
      '1439 stall 2 300',
      '1554 leave 0 false',
      '1802 join',
      '1899 stall 0 300',
      '2215 stall 0 300',
      '2575 kill 0',
      '2619 leave 0 false',
      '2744 join',
      '2862 join',
      '3015 leave 2 false',
      '3100 stall 2 300',
      '3114 kill 1',
      '3256 join',
      '3426 stall 1 300',
    ]);
    expect(chaos.tally()).toMatchObject({ kill: 2, stall: 7, leave: 3, join: 4 });
  });

  test('begin when they are told to, and end for good', async () => {
    const { chaos, log, run } = disturb({ kill: 10 });
    await run(5_000);
    expect(log).toEqual([]);
    chaos.begin();
    await run(10_000);
    const { length } = log;
    expect(length).toBeGreaterThan(20);
    chaos.end();
    await run(20_000);
    expect(log).toHaveLength(length);
  });

  test('count only what has happened', async () => {
    const nobody = disturb({ kill: 10, stall: 10, leave: 10 }, { count: 0 });
    nobody.chaos.begin();
    await nobody.run(5_000);
    const crowded = disturb({ join: 10 }, { hasRoom: false });
    crowded.chaos.begin();
    await crowded.run(5_000);
    for (const { chaos } of [nobody, crowded])
      expect(chaos.tally()).toMatchObject({ kill: 0, stall: 0, leave: 0, join: 0 });
  });

  test('come to nobody before there are workers', async () => {
    const clock = createSimulatedClock();
    const chaos = createChaos({ ...QUIET, kill: 10, join: 10 }, clock);
    chaos.begin();
    await clock.run(() => false, 2_000);
    expect(chaos.tally()).toMatchObject({ kill: 0, join: 0 });
  });
});

describe('rates that change', () => {
  test('count from then on, and the others stay as they are', async () => {
    const { chaos, log, run } = disturb({ join: 1 });
    chaos.begin();
    await run(1_000);
    chaos.setRates({ kill: 10, stallMs: 20 });
    expect(chaos.rates).toEqual({ kill: 10, stall: 0, leave: 0, join: 1, stallMs: 20 });
    await run(4_000);
    const killCount = log.filter((line) => line.includes('kill')).length;
    expect(killCount).toBeGreaterThan(10);
    chaos.setRates({ kill: 0, stall: 10 });
    await run(7_000);
    expect(log.filter((line) => line.includes('kill'))).toHaveLength(killCount);
    const stalls = log.filter((line) => line.includes('stall'));
    expect(stalls.length).toBeGreaterThan(10);
    for (const line of stalls) expect(line).toMatch(/ 20$/);
    expect(log.filter((line) => line.includes('join')).length).toBeGreaterThan(0);
  });

  test('to 0 end it, and can go up again', async () => {
    const { chaos, log, run } = disturb({ kill: 5, leave: 5 });
    chaos.begin();
    await run(2_000);
    chaos.setRates({ kill: 0, leave: 0 });
    const { length } = log;
    await run(9_000);
    expect(log).toHaveLength(length);
    chaos.setRates({ leave: 5 });
    await run(12_000);
    expect(log.length).toBeGreaterThan(length);
  });

  test('that stay the same change no time of a fault', async () => {
    const [left, alone] = [disturb({ kill: 2, seed: 5 }), disturb({ kill: 2, seed: 5 })];
    for (const { chaos } of [left, alone]) chaos.begin();
    for (let ms = 100; ms <= 5_000; ms += 100) {
      left.chaos.setRates({ kill: 2 });
      await left.run(ms);
    }
    await alone.run(5_000);
    expect(left.log).toEqual(alone.log);
  });

  test('before the beginning count at the beginning', async () => {
    const { chaos, log, run } = disturb({ kill: 10 });
    chaos.setRates({ kill: 0, join: 5 });
    await run(2_000);
    expect(log).toEqual([]);
    chaos.begin();
    await run(5_000);
    expect(log.length).toBeGreaterThan(0);
    for (const line of log) expect(line).toContain('join');
  });
});

test('workers that are expelled for a wrong sum are counted, and no others that go', () => {
  const { chaos } = disturb({});
  for (const reason of [`${WRONG_SUM} over micro-batch 3`, 'connection lost', 'finished'])
    chaos.observe({ event: 'worker', state: 'left', rank: 0, name: '', worldSize: 1, reason });
  expect(chaos.tally()).toMatchObject({ corrupt: 1, kill: 0 });
});

test('the number of workers is that at the beginning, and the mean until the end', async () => {
  const { chaos, run } = disturb({});
  const worldSize = (size: number) =>
    chaos.observe({ event: 'worker', state: 'ready', rank: 0, name: '', worldSize: size });
  worldSize(9);
  await run(1_000);
  worldSize(2);
  chaos.begin();
  await run(2_000);
  worldSize(4);
  await run(5_000);
  chaos.end();
  await run(9_000);
  worldSize(100);
  expect(chaos.tally().firstWorldSize).toBe(2);
  expect(chaos.tally().meanWorldSize).toBeCloseTo((2 * 1 + 4 * 3) / 4);
});
