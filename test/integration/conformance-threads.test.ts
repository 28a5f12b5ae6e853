import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { isSharedEngine } from '../../shared/engine/threads/shared-engine.ts';
import { openSharedEngine } from '../../shared/host/load-engine.ts';
import { drawParameters, tinyRun } from '../../shared/round/challenge.ts';
import { createWorkload } from '../../shared/round/workload.ts';
import { createComputer } from '../../shared/threads/start-threads.ts';
import { vectorHex } from '../conformance/hex.ts';
import type { netVectors } from '../conformance/net-vectors.ts';

const FILE = new URL('../../shared/protocol/conformance/nets.json', import.meta.url);
const { nets }: ReturnType<typeof netVectors> = JSON.parse(readFileSync(FILE, 'utf8'));
const THREADS = 3;

/** Threads start anew for each net, so one net of each profile must do. */
const varied = nets.filter(({ name }) => name.includes('everything random'));

test.for(varied.map((net) => [net.name, net] as const))(
  'three threads compute the conformance vector of %s',
  async ([, { config, stages }]) => {
    const { dataset } = tinyRun(config, config);
    const engine = openSharedEngine(config.numerics);
    const workload = createWorkload(config, dataset);
    const computer = createComputer(engine, config, dataset, workload, THREADS);
    onTestFinished(() => computer.close?.());
    const parameters = drawParameters(engine, config, workload);
    const all = { lo: 0, hi: config.microBatchCount };
    const rootOf = () => {
      for (const sum of computer.compute({ kind: 'train', step: 0 }, all, parameters))
        if (sum) return vectorHex(sum.vector);
      return '';
    };
    rootOf(); // the threads start
    const count = () => (isSharedEngine(engine) ? engine.shared.team.freeCount() : THREADS);
    for (let i = 0; count() < THREADS && i < 6_000; i++) await sleep(10);
    expect(count()).toBe(THREADS);
    expect(rootOf()).toBe(stages.at(-1)?.values);
  },
);
