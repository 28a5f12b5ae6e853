import { parentPort, workerData } from 'node:worker_threads';
import { openSharedArena } from '../engine/wasm/arena.ts';
import { openWasmEngine } from '../engine/wasm/wasm-engine.ts';
import { computeOutcomes } from '../round/row-outcomes.ts';
import type { OutcomeJob } from './outcome-threads.ts';

/* A thread that computes what a model makes of a part of a set, and ends. */

const { parts, config, plan, parameters, set, isFlipped }: OutcomeJob = workerData;
const engine = openWasmEngine(
  parts.module,
  parts.numerics,
  parts.tile,
  openSharedArena(parts.memory),
);
const { address, length } = parameters;
const values = new Float32Array(parts.memory.buffer, address, length);
const computing = computeOutcomes(engine, config, plan, values, set, isFlipped);
let step = computing.next();
while (!step.done) step = computing.next();
parentPort?.postMessage(step.value);
