import * as z from 'zod';
import type { DataKind, Dataset, ExampleSet } from '../data/dataset.ts';
import { isRegression } from '../data/target.ts';
import type { Engine } from '../engine/engine.ts';
import { sizeOfShape } from '../engine/layers/layer-plan.ts';
import { createModel, LOSS_AND_CORRECT_LENGTH } from '../engine/model/model.ts';
import { ModelSpec } from '../engine/model/model-spec.ts';
import { randomKey, threefry2x32, uniform } from '../random.ts';
import type { LeafRange } from '../reduction-tree.ts';
import { createExampleBlock } from './example-block.ts';
import { createPartialSumComputer } from './partial-sum-computer.ts';
import { GLOBAL_BATCH_MAX, MICRO_BATCHES_MAX, type RunConfig } from './run-config.ts';
import { createWorkload, type Workload } from './workload.ts';

/*
 * What a newcomer computes before its first share: step 0 of a tiny run. If its bits differ from
 * the coordinator's, they would differ in the real run too.
 *
 * The tiny run is the real one with another model, other sizes and a made-up dataset. Everything
 * else is the run's: numerics, wire format, seed, loss, smoothing, augmentation. The answer lists
 * what is computed on the way, so the first difference tells where the arithmetic is wrong.
 */

/** A tiny run, as far as it differs from the real one. */
export const Challenge = z.strictObject({
  model: ModelSpec,
  /** All of the made-up training set, in one global batch. */
  globalBatch: z.int().positive().max(GLOBAL_BATCH_MAX),
  microBatchCount: z.int().positive().max(MICRO_BATCHES_MAX),
});
export type Challenge = z.infer<typeof Challenge>;

/** A part of the answer: the result of one stage of the computation. */
export interface Stage {
  /** For people, such as "layer 2 (dense)". */
  readonly name: string;
  readonly values: Float32Array;
}

const ROUND = { kind: 'train', step: 0 } as const;
/** The leaf whose examples the first stages are about. */
const SHOWN_LEAF = 1;

/** What an engine computes for a challenge, stage by stage. */
export function solveChallenge(engine: Engine, run: RunConfig, challenge: Challenge): Stage[] {
  const { config, dataset } = tinyRun(run, challenge);
  const workload = createWorkload(config, dataset);
  const parameters = drawParameters(engine, config, workload);
  const computer = createPartialSumComputer(engine, config, workload);
  const sumOf = (node: LeafRange): Float32Array => {
    for (const sum of computer.compute(ROUND, node, parameters)) if (sum) return sum.vector.slice();
    return new Float32Array(0);
  };
  const leafSums = Array.from({ length: config.microBatchCount }, (_, lo) => ({
    name: `the sum of micro-batch ${lo}`,
    values: sumOf({ lo, hi: lo + 1 }),
  }));
  return [
    { name: 'the vector of parameters', values: parameters.slice() },
    ...forwardStages(engine, config, workload, parameters),
    ...leafSums,
    { name: 'the sum of all micro-batches', values: sumOf({ lo: 0, hi: leafSums.length }) },
  ];
}

/** The values of all stages, one after the other: the answer on the wire. */
export function answerOf(stages: readonly Stage[]): Float32Array {
  const answer = new Float32Array(stages.reduce((length, { values }) => length + values.length, 0));
  let end = 0;
  for (const { values } of stages) {
    answer.set(values, end);
    end += values.length;
  }
  return answer;
}

/** The configuration and the dataset of a challenge. */
export function tinyRun(
  run: RunConfig,
  { model, globalBatch, microBatchCount }: Challenge,
): { config: RunConfig; dataset: Dataset } {
  const last = model.layers.at(-1);
  const outputs = last?.type === 'dense' ? last.outputs : 0;
  const manifest = isRegression(run.dataset)
    ? run.dataset
    : { ...run.dataset, classNames: Array.from({ length: outputs }, (_, label) => String(label)) };
  const shape = model.input;
  const inputCount = sizeOfShape(shape);
  // What the workers compute is the same for both kinds, but for the scaling of the bytes.
  const kind = shape.height * shape.width === 1 ? 'features' : 'images';
  const examples = drawExamples(run, globalBatch, inputCount, kind, outputs);
  const changes = { dataset: manifest, validationCount: 0, model, globalBatch, microBatchCount };
  return {
    config: {
      ...run,
      ...changes,
      // Other weights than those of the run, which may have fewer classes.
      ...(run.classWeights && {
        classWeights: Array.from({ length: outputs }, (_, label) => label + 1),
      }),
    },
    dataset: {
      manifest,
      kind,
      shape,
      inputCount,
      train: examples,
      test: examples,
    },
  };
}

/** Bytes or features, and classes in turn or targets. */
function drawExamples(
  { seed, dataset }: RunConfig,
  count: number,
  inputCount: number,
  kind: DataKind,
  outputs: number,
): ExampleSet {
  const key = randomKey(seed, 'challenge');
  const bytes = new Uint8Array(count * inputCount).map((_, i) => {
    const [word] = threefry2x32(key, [Math.floor(i / inputCount), i % inputCount]);
    return word >>> 24;
  });
  const isNumber = isRegression(dataset);
  return {
    count,
    inputs: kind === 'features' ? Float32Array.from(bytes, centered) : bytes,
    labels: isNumber
      ? Float32Array.from({ length: count }, (_, i) => centered(bytes[i * inputCount]))
      : new Uint8Array(count).map((_, i) => i % outputs),
  };
}

/** A number in [-2, 2) for each byte, exactly. */
const centered = (byte: number): number => (byte - 128) / 64;

/** Uniform in [-1, 1), and rounded as parameters are that travel. */
export function drawParameters(
  engine: Engine,
  { seed }: RunConfig,
  workload: Workload,
): Float32Array {
  const parameters = engine.allocate(workload.parameterCount);
  const key = randomKey(seed, 'challenge', 1);
  for (let i = 0; i < parameters.length; i++) parameters[i] = 2 * uniform(key, i) - 1;
  if (workload.bfloat16ParameterCount > 0) engine.kernels.roundToBfloat16(parameters);
  return parameters;
}

/** The input, the output of each layer, and the losses of the examples of one leaf. */
function forwardStages(
  engine: Engine,
  config: RunConfig,
  workload: Workload,
  parameters: Float32Array,
): Stage[] {
  const { set, indices } = workload.examples(ROUND, SHOWN_LEAF);
  const rows = indices.length;
  const { x, labels, examples, gather, scale } = createExampleBlock(engine, config, rows);
  gather(set, indices, 0, 0);
  scale(rows);
  const model = createModel(engine, workload.model, config, rows);
  const batch = { leafSizes: Uint32Array.of(rows), rows, training: { epoch: 0, examples } };
  const lossAndCorrect = model.evaluate(parameters, x, labels, batch).slice();
  const outputs = model.outputs.map(({ planned, values }) => ({
    name: `layer ${workload.model.layers.indexOf(planned) + 1} (${planned.spec.type})`,
    values: values.slice(),
  }));
  const names = ['the loss', 'the correct count'];
  const losses = names.map((name, column) => ({
    name,
    values: lossAndCorrect.filter((_, i) => i % LOSS_AND_CORRECT_LENGTH === column),
  }));
  return [{ name: 'the input', values: x.slice() }, ...outputs, ...losses];
}
