import { assert } from '../shared/assert.ts';
import type { Engine } from '../shared/engine/engine.ts';
import { initialParameters } from '../shared/engine/initialisation.ts';
import { trainedCount } from '../shared/engine/model-spec.ts';
import { createOptimizer, type Optimizer } from '../shared/engine/optimizers.ts';
import { learningRateAt } from '../shared/engine/schedules.ts';
import type { RunConfig } from '../shared/run-config.ts';
import type { Workload } from '../shared/workload.ts';

/** Owns the parameters and the optimizer's state: all that changes from step to step. */
export interface ParameterServer {
  /** [parameterCount]; the same buffer throughout, changed by `update` only. */
  readonly parameters: Float32Array;
  /** [parameterCount]; what rounds are computed with: the parameters, rounded to what the wire can carry. */
  readonly roundedParameters: Float32Array;
  readonly optimizer: Optimizer;
  /** Updates done so far. */
  readonly step: number;
  /**
   * One update by the root of the step's reduction tree: the gradient, summed over `exampleCount` examples, and the
   * statistics (ignored). Divides once, here. Returns the learning rate used.
   */
  update(root: Float32Array, exampleCount: number): number;
  /**
   * The same for the values [from, to) of the root, which follow those of the call before; `update` does the rest. Undefined
   * where a step depends on the whole gradient.
   */
  readonly updatePart:
    | ((root: Float32Array, exampleCount: number, from: number, to: number) => void)
    | undefined;
  /** Makes parameters and state what they were before the parts of a step that is not at its end. */
  takeBack(): void;
  /** Of the parameters, for the ledger; see `Kernels`. */
  fingerprint(): Uint32Array;
}

/** How much of a running average stays from one step to the next. */
const AVERAGE_KEEP = 0.9;

/** At step 0 with the initial parameters; `restore` puts saved values in their place. */
export function createParameterServer(
  engine: Engine,
  config: RunConfig,
  workload: Workload,
  restore?: {
    step: number;
    parameters: Float32Array;
    optimizerState: Readonly<Record<string, Float32Array>>;
  },
): ParameterServer {
  const parameters = engine.allocate(workload.parameterCount);
  parameters.set(restore?.parameters ?? initialParameters(config.model, config.initialisation, config.seed));
  const trainedLength = trainedCount(config.model);
  const optimizer = createOptimizer(engine, config.optimizer, trainedLength);
  for (const [name, values] of Object.entries(restore?.optimizerState ?? {}))
    optimizer.state[name].set(values);
  let step = restore?.step ?? 0;
  const roundedParameters =
    workload.narrowParameterCount > 0 ? engine.allocate(parameters.length) : parameters;
  const round = (from: number, to: number) => {
    if (roundedParameters === parameters) return;
    const part = roundedParameters.subarray(from, to);
    part.set(parameters.subarray(from, to));
    engine.kernels.roundToBfloat16(part);
  };
  round(0, parameters.length);

  /** What is changed by an update, and, once there was one by parts, what it was before. */
  const changing = [parameters, ...Object.values(optimizer.state)];
  let before: Float32Array[] | undefined;
  /** So many of the parameters are the next step's. */
  let updatedCount = 0;

  function save(from: number, to: number): void {
    before ??= changing.map(({ length }) => engine.allocate(length));
    for (const [i, values] of changing.entries()) before[i].subarray(from, to).set(values.subarray(from, to));
  }

  function updateTo(end: number, root: Float32Array, exampleCount: number, gradientScale: number): void {
    const rate = learningRateAt(config.learningRate, step, workload.stepsPerEpoch);
    const [from, to] = [updatedCount, Math.min(end, parameters.length)];
    const part = (values: Float32Array, lo: number, hi: number) => ({
      ...{ parameters: values.subarray(lo, hi), gradientSum: root.subarray(lo, hi) },
      ...{ exampleCount, rate, gradientScale, weightDecay: config.weightDecay },
    });
    const trainedTo = Math.min(to, trainedLength);
    if (from < trainedTo) optimizer.update(part(parameters, from, trainedTo), step, from);
    const averagesFrom = Math.max(from, trainedLength);
    if (averagesFrom < to) engine.kernels.updateAverage(part(parameters, averagesFrom, to), AVERAGE_KEEP);
    if (from < to) round(from, to);
    updatedCount = Math.max(from, to);
  }

  return {
    parameters,
    roundedParameters,
    optimizer,
    get step() {
      return step;
    },
    update(root, exampleCount) {
      const gradientSum = root.subarray(0, trainedLength);
      const scale = clippingScale(engine, gradientSum, exampleCount, config.clipNorm);
      updateTo(parameters.length, root, exampleCount, scale);
      updatedCount = 0;
      return learningRateAt(config.learningRate, step++, workload.stepsPerEpoch);
    },
    updatePart:
      config.clipNorm === undefined
        ? (root, exampleCount, from, to) => {
            assert(
              from === updatedCount || from >= parameters.length,
              `values from ${from} after ${updatedCount}`,
            );
            save(from, to);
            updateTo(to, root, exampleCount, 1);
          }
        : undefined,
    takeBack() {
      for (const [i, values] of changing.entries())
        if (before) values.set(before[i].subarray(0, Math.min(updatedCount, values.length)));
      round(0, updatedCount);
      updatedCount = 0;
    },
    fingerprint: () => engine.kernels.fingerprint(parameters),
  };
}

/**
 * What a gradient is multiplied by so that it is no longer than `clipNorm` (R. Pascanu, T. Mikolov, Y. Bengio, "On the
 * difficulty of training recurrent neural networks", 2013).
 */
function clippingScale(
  { kernels }: Engine,
  gradientSum: Float32Array,
  exampleCount: number,
  clipNorm: number | undefined,
): number {
  if (clipNorm === undefined) return 1;
  const norm = Math.sqrt(kernels.sumOfSquares(gradientSum)) / exampleCount;
  return norm > clipNorm ? clipNorm / norm : 1;
}
