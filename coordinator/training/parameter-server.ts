import { assert } from '../../shared/assert.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import type { Update } from '../../shared/engine/kernels.ts';
import { initialParameters } from '../../shared/engine/model/initialization.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import { createOptimizer, type Optimizer } from '../../shared/engine/optimizers.ts';
import { learningRateAt } from '../../shared/engine/schedules.ts';
import { fingerprintOf, sumOfSquares } from '../../shared/round/parameter-blocks.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { Workload } from '../../shared/round/workload.ts';
import { type AveragedParameters, createAveragedParameters } from './averaged-parameters.ts';

/** Owns the parameters and the optimizer's state, and updates both. */
export interface ParameterServer {
  /** [parameterCount]. Always the same buffer. Only the methods below change it. */
  readonly parameters: Float32Array;
  /**
   * [parameterCount]. The parameters, rounded to the wire format: rounds are computed with these.
   * With f32, the same buffer as `parameters`.
   */
  readonly roundedParameters: Float32Array;
  /** [parameterCount]. Undefined if the run has no averages of the parameters. */
  readonly averages: Float32Array | undefined;
  /**
   * The model of the run, rounded to the wire format: evaluations are computed with it. It is the
   * averages if there are any, in a buffer other than `roundedParameters`. Valid until the next
   * call.
   */
  roundedModel(): Float32Array;
  readonly optimizer: Optimizer;
  /** The number of updates so far. */
  readonly step: number;
  /** Whether the parameters are those of `step`. If not, some are those of the next step. */
  readonly isWhole: boolean;
  /**
   * Updates by the root of the step's reduction tree, and ends the step. The root holds the
   * gradient, summed over `exampleCount` examples, and loss and correct count, which are ignored.
   * The update divides the sum by `exampleCount`; nothing before it does. Parts that `updatePart`
   * took are skipped.
   * Returns the learning rate used.
   */
  update(root: Float32Array, exampleCount: number): number;
  /**
   * Updates by the values [from, to) of the root, which must follow those of the last call.
   * `update` does the rest. Undefined if the update depends on the whole gradient (gradient
   * clipping).
   */
  readonly updatePart:
    | ((root: Float32Array, exampleCount: number, from: number, to: number) => void)
    | undefined;
  /** Undoes all `updatePart` calls of the current step, in the parameters and the state. */
  rollBack(): void;
  /**
   * A copy [parameterCount] of the model after `step` updates, also while a part of the next update
   * has been made.
   */
  copyModel(): Float32Array;
  /** The fingerprint of `parameters`, for the ledger. */
  fingerprint(): Uint32Array;
}

/** The weight of the old value in the running averages of batch normalization. */
const AVERAGE_KEEP = 0.9;

/** The state of a parameter server in a checkpoint. */
export interface SavedState {
  readonly step: number;
  readonly parameters: Float32Array;
  /** Undefined: if the run has averages, they begin with `parameters`. */
  readonly averages?: Float32Array | undefined;
  readonly optimizerState: Readonly<Record<string, Float32Array>>;
}

/** Starts at step 0 with the initial parameters, or with `restore` at the saved step. */
export function createParameterServer(
  engine: Engine,
  config: RunConfig,
  workload: Workload,
  restore?: SavedState,
): ParameterServer {
  const { model } = workload;
  const parameters = engine.allocate(model.parameterCount);
  parameters.set(restore?.parameters ?? drawParameters(config, model));
  const { trainedCount: trainedLength } = model;
  const optimizer = restoredOptimizer(engine, config, trainedLength, restore?.optimizerState);
  let step = restore?.step ?? 0;
  const rounded = createRoundedCopy(engine, parameters, workload.bfloat16ParameterCount > 0);
  const averaged = averagesFor(engine, config, workload, restore?.averages ?? parameters);
  const undo = createUndo(engine, [parameters, ...Object.values(optimizer.state)]);
  /** The number of parameters, from the first, that are already the next step's. */
  let updatedCount = 0;

  function updateTo(end: number, root: Float32Array, exampleCount: number, scale: number): void {
    const rate = learningRateAt(config.learningRate, step, workload.stepsPerEpoch);
    const [from, to] = [updatedCount, Math.min(end, parameters.length)];
    const part = (values: Float32Array, lo: number, hi: number) => ({
      parameters: values.subarray(lo, hi),
      gradientSum: root.subarray(lo, hi),
      exampleCount,
      rate,
      gradientScale: scale,
      weightDecay: config.weightDecay,
    });
    const trainedTo = Math.min(to, trainedLength);
    if (from < trainedTo) optimizer.update(part(parameters, from, trainedTo), step, from);
    const averagesFrom = Math.max(from, trainedLength);
    if (averagesFrom < to) updateAverages(engine, part(parameters, averagesFrom, to), workload);
    if (from < to) rounded.refresh(from, to);
    updatedCount = Math.max(from, to);
  }

  function updatePart(root: Float32Array, exampleCount: number, from: number, to: number): void {
    assert(from === updatedCount || from >= parameters.length, `values from ${from}`);
    undo.save(from, to);
    updateTo(to, root, exampleCount, 1);
  }

  return {
    parameters,
    roundedParameters: rounded.values,
    averages: averaged?.values,
    roundedModel: () => averaged?.rounded() ?? rounded.values,
    optimizer,
    get step() {
      return step;
    },
    get isWhole() {
      return updatedCount === 0;
    },
    update(root, exampleCount) {
      const gradientSum = root.subarray(0, trainedLength);
      const scale = clippingScale(engine, gradientSum, exampleCount, config.clipNorm);
      updateTo(parameters.length, root, exampleCount, scale);
      updatedCount = 0;
      averaged?.update(parameters, step);
      return learningRateAt(config.learningRate, step++, workload.stepsPerEpoch);
    },
    // Clipping needs the norm of the whole gradient.
    updatePart: config.clipNorm === undefined ? updatePart : undefined,
    rollBack() {
      undo.restore(updatedCount);
      rounded.refresh(0, updatedCount);
      updatedCount = 0;
    },
    copyModel: () => averaged?.values.slice() ?? undo.copyFirst(updatedCount),
    fingerprint: () => fingerprintOf(engine.kernels, parameters),
  };
}

/**
 * Updates running averages. The last global batch of an epoch may have only a few examples, and
 * they change the averages by as much less.
 */
function updateAverages({ kernels }: Engine, update: Update, { globalBatchMax }: Workload): void {
  const part = Math.min(1, update.exampleCount / globalBatchMax);
  kernels.updateAverage(update, part === 1 ? AVERAGE_KEEP : 1 - (1 - AVERAGE_KEEP) * part);
}

const drawParameters = ({ initialisation, seed }: RunConfig, model: ModelPlan): Float32Array =>
  initialParameters(model, initialisation, seed);

function restoredOptimizer(
  engine: Engine,
  config: RunConfig,
  length: number,
  saved: SavedState['optimizerState'] = {},
): Optimizer {
  const optimizer = createOptimizer(engine, config.optimizer, length);
  for (const [name, values] of Object.entries(saved)) optimizer.state[name].set(values);
  return optimizer;
}

function averagesFor(
  engine: Engine,
  { averageDecay }: RunConfig,
  { bfloat16ParameterCount }: Workload,
  start: Float32Array,
): AveragedParameters | undefined {
  if (averageDecay === undefined) return undefined;
  return createAveragedParameters(engine, averageDecay, start, bfloat16ParameterCount > 0);
}

/** The parameters in the wire's precision: a copy rounded to bfloat16, or `values` itself. */
function createRoundedCopy(
  { allocate, kernels }: Engine,
  values: Float32Array,
  isRounded: boolean,
) {
  if (!isRounded) return { values, refresh() {} };
  const copy = allocate(values.length);
  const refresh = (from: number, to: number): void => {
    const part = copy.subarray(from, to);
    part.set(values.subarray(from, to));
    kernels.roundToBfloat16(part);
  };
  refresh(0, values.length);
  return { values: copy, refresh };
}

/** Saves the values of buffers before an update by parts, to undo it. */
function createUndo({ allocate }: Engine, buffers: readonly Float32Array[]) {
  let before: Float32Array[] | undefined;
  return {
    /** Saves the values [from, to) of each buffer. */
    save(from: number, to: number): void {
      before ??= buffers.map(({ length }) => allocate(length));
      for (const [i, values] of buffers.entries())
        before[i].subarray(from, to).set(values.subarray(from, to));
    },
    /** A copy of the first buffer, with its first `count` values as they were. */
    copyFirst(count: number): Float32Array {
      const copy = buffers[0].slice();
      if (before) copy.set(before[0].subarray(0, count));
      return copy;
    },
    /** Restores the first `count` values of each buffer. */
    restore(count: number): void {
      for (const [i, values] of buffers.entries())
        if (before) values.set(before[i].subarray(0, Math.min(count, values.length)));
    },
  };
}

/**
 * The factor that scales the mean gradient down to the norm `clipNorm`; 1 if its norm is smaller or
 * `clipNorm` is undefined (R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training
 * recurrent neural networks", 2013).
 */
function clippingScale(
  { kernels }: Engine,
  gradientSum: Float32Array,
  exampleCount: number,
  clipNorm: number | undefined,
): number {
  if (clipNorm === undefined) return 1;
  const norm = Math.sqrt(sumOfSquares(kernels, gradientSum)) / exampleCount;
  return norm > clipNorm ? clipNorm / norm : 1;
}
