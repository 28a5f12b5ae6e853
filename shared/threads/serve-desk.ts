import type { Dataset } from '../data/dataset.ts';
import type { SharedParts } from '../engine/threads/shared-engine.ts';
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
import type { RunConfig } from '../round/run-config.ts';
import { createKeeper } from '../round/threaded-computer.ts';
import { createWorkload, ROUND_KINDS } from '../round/workload.ts';
import { systemClock } from '../system-clock.ts';

/** What a thread gets at its start. */
export interface ThreadData {
  readonly parts: SharedParts;
  readonly config: RunConfig;
  /** Its examples lie in shared memory. */
  readonly dataset: Dataset;
  readonly place: ThreadPlace;
  readonly isSpinning: boolean;
}

/** What a thread has in the shared memory. When it has exited, another thread can have it. */
export interface ThreadPlace {
  /** Its desk; see `deskIn`. */
  readonly words: Uint32Array;
  readonly numbers: Uint32Array;
  /** The memory that it has taken; see `openSharedArena`. */
  readonly blocks: Uint32Array;
}

/** What a thread says to the one that has started it. */
export type ThreadNews = 'ready' | { readonly failure: string };

/**
 * Does the jobs of a desk until the thread is ended, in Node or in a browser. Tells when it is
 * ready, and what has failed. It never returns, and needs no turn of its event loop.
 */
export function serveDesk(
  { parts, config, dataset, place, isSpinning }: ThreadData,
  tell: (news: ThreadNews) => void,
): never {
  const { module, memory, numerics, tile } = parts;
  const engine = openWasmEngine(module, numerics, tile, openSharedArena(memory, place.blocks));
  const workload = createWorkload(config, dataset);
  const keep = createKeeper(engine, workload);
  const desk = deskIn(place.words, place.numbers, isSpinning);
  const names = Object.keys(engine.exported);
  /** Made for the first share: a thread may also be there only for calls. */
  let computer: PartialSumComputer | undefined;

  tell('ready');
  return serve(
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
    (error) => tell({ failure: reasonOf(error) }),
    systemClock.now,
  );
}
