import { parentPort, workerData } from 'node:worker_threads';
import { deskIn, serve } from '../engine/threads/thread-desk.ts';
import { doJob } from '../engine/threads/thread-jobs.ts';
import { openSharedArena } from '../engine/wasm/arena.ts';
import { openWasmEngine } from '../engine/wasm/wasm-engine.ts';
import { reasonOf } from '../errors.ts';
import { maximalSubtrees } from '../reduction-tree.ts';
import {
  createPartialSumComputer,
  type PartialSumComputer,
} from '../round/partial-sum-computer.ts';
import { createKeeper } from '../round/threaded-computer.ts';
import { createWorkload, ROUND_KINDS } from '../round/workload.ts';
import { systemClock } from '../system-clock.ts';
import type { ThreadData } from './start-threads.ts';

/* A thread of a team: does the jobs of its desk until its process ends. */

const { parts, config, dataset, place, isSpinning }: ThreadData = workerData;
const { module, memory, numerics, tile } = parts;
const engine = openWasmEngine(module, numerics, tile, openSharedArena(memory, place.blocks));
const workload = createWorkload(config, dataset);
const keep = createKeeper(engine, workload);
const desk = deskIn(place.words, place.numbers, isSpinning);
const names = Object.keys(engine.exported);
/** Made for the first share: a thread may also be there only for calls. */
let computer: PartialSumComputer | undefined;

parentPort?.postMessage('ready');
serve(
  desk,
  (job) =>
    doJob(job, names, {
      call: ({ name, args }) => engine.exported[name](...args),
      share({ kind, step, leaves, parameters: { address, length }, into }) {
        const round = { kind: ROUND_KINDS[kind], step };
        const parameters = new Float32Array(memory.buffer, address, length);
        const count = maximalSubtrees(workload.leafCount(round.kind), leaves).length;
        const sums: number[] = [];
        computer ??= createPartialSumComputer(engine, config, workload);
        for (const sum of computer.compute(round, leaves, parameters)) {
          if (!sum) continue;
          const wanted = into[sums.length];
          sums.push(wanted ?? keep(sum, sums.length, count).vector.byteOffset);
          if (wanted === undefined) continue;
          new Float32Array(memory.buffer, wanted, sum.vector.length).set(sum.vector);
        }
        return sums;
      },
    }),
  (error) => parentPort?.postMessage({ failure: reasonOf(error) }),
  systemClock.now,
);
