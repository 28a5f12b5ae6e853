import { describe, expect, test } from 'vitest';
import { openEngine } from '../../shared/host/load-engine.ts';
import { createWorkload } from '../../shared/round/workload.ts';
import { createReusableEngine } from '../support/reusable-engine.ts';
import { createDraws } from '../support/simulation/draws.ts';
import { dataset, RUNS } from '../support/simulation/histories.ts';
import { createSimulatedClock } from '../support/simulation/simulated-clock.ts';
import { startCoordinator } from '../support/simulation/simulated-coordinator.ts';
import { createSimulatedConnection } from '../support/simulation/simulated-link.ts';
import { type SimulatedWorker, startWorker } from '../support/simulation/simulated-worker.ts';

const TABS = 100;
/** How long a tab stays, in simulated ms. Half of them go without closing the connection. */
const STAY_MS = { least: 1_000, most: 6_000 };
const SIMULATED_MS = 15_000;
/** The time per leaf. */
const STEADY_LEAF_MS = 10;
/** A phone is a few times slower. */
const TAB_LEAF_MS = 30;

const engine = createReusableEngine(openEngine('strict'));
const [, run] = RUNS;

/** The steps of a run beside so many tabs that come and go, in the same simulated time. */
async function stepsBeside(tabCount: number): Promise<{ steps: number; joined: number }> {
  const { config } = run;
  const clock = createSimulatedClock();
  const draws = createDraws(7);
  const faults = { lostFrames: 0, duplicatedFrames: 0, cutLinks: 0, protocolErrors: 0 };
  const network = { delayMaxMs: 5, loss: 0, duplicate: 0, cut: 0 };
  let steps = 0;
  const coordinator = startCoordinator({
    ...{ clock, engine, config, epochs: 1_000_000, checkpointEvery: 1_000_000 },
    workload: createWorkload(config, dataset),
    disk: { checkpoint: undefined },
    ...{ audit: undefined, chunkBytes: 1024, report() {} },
    guestAudit: {
      isSelected: () => draws.chance(1 / 8),
      isCheckedHere: () => draws.chance(1 / 16),
    },
    counters: { partialUpdates: 0, brokenUpdates: 0 },
    onStep: () => steps++,
  });
  let count = 0;
  const start = (leafMs: number, runtime: string): SimulatedWorker =>
    startWorker({
      ...{ clock, draws, engine, dataset, leafMs, runtime, chunkBytes: 1024 },
      ...{ name: `worker ${count++}`, threads: 1, lies: 0, report() {} },
      connect(workerClock) {
        const clocks = [coordinator.process.clock, workerClock] as const;
        const connection = createSimulatedConnection(clocks, draws, () => network, faults);
        return { pool: coordinator.pool, connection };
      },
    });
  /** A tab that is closed, or put to sleep, after a while. Then there is another one. */
  function comeAndGo(): void {
    const tab = start(TAB_LEAF_MS, 'browser');
    const stayMs = STAY_MS.least + draws.fraction() * (STAY_MS.most - STAY_MS.least);
    clock.setTimer(stayMs, () => {
      tab.process.kill();
      if (draws.chance(0.5)) tab.connection?.cut();
      comeAndGo();
    });
  }
  start(STEADY_LEAF_MS, 'node');
  for (let i = 0; i < tabCount; i++) clock.setTimer(draws.fraction() * STAY_MS.most, comeAndGo);
  await clock.run(() => false, SIMULATED_MS);
  const joined = coordinator.pool.counters.joinedWorkers;
  coordinator.process.kill();
  engine.reuse();
  return { steps, joined };
}

describe('beside a hundred tabs that come and go every few seconds', () => {
  test('a steady worker keeps at least 90 % of its steps', async () => {
    const alone = await stepsBeside(0);
    const crowded = await stepsBeside(TABS);
    expect(alone.steps).toBeGreaterThan(50);
    expect(crowded.joined).toBeGreaterThan(2 * TABS);
    expect(crowded.steps).toBeGreaterThan(0.9 * alone.steps);
  });
});
