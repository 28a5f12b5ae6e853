import { classNamesOf, isRegression } from '../../shared/data/target.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import type { ModelHealth } from '../../shared/round/health-probe.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { learningTrend, patienceFor } from './learning-trend.ts';
import type { EpochResult, StopRule } from './progress.ts';

/** What is known about a model when it is looked at. */
export interface LearningState {
  readonly config: RunConfig;
  readonly model: ModelPlan;
  readonly health: ModelHealth;
  /**
   * The training accuracy of the epoch, or R² if the target is a number. Undefined if too little
   * was learned from to judge it.
   */
  readonly quality: number | undefined;
  /** That of always naming the most frequent class, or the mean. */
  readonly guessingQuality: number;
}

/** A fault of learning, in a line for people. Each kind is said once per run. */
export interface LearningNotice {
  readonly kind:
    | 'dead-units'
    | 'vanishing-gradient'
    | 'guessing'
    | 'wrong-labels'
    | 'rate-too-high'
    | 'overfitting';
  readonly message: string;
}

/** In a model that learns well, about a fifth of the units are constant. */
const CONSTANT_PART_MAX = 0.5;
/** In a model that learns well, the first layer's gradient is about a tenth of the last one's. */
const GRADIENT_RATIO_MIN = 1e-3;
/** The part of what guessing gets wrong that a model must get right. */
const GAIN_MIN = 0.02;

/** Where labels are right, a model finds less than one in a hundred of them so unlikely. */
const UNLIKELY_LABELS_MIN = { part: 0.04, count: 5 };
/** With fewer classes, even the second best is nearly among the less likely half. */
const CLASSES_MIN = 8;
/** A training loss that has risen by less, as a part and as a difference, may be chance. */
const RISE_MIN = { part: 0.1, difference: 0.02 };

/** Says why a model cannot learn, and what helps. Undefined if nothing is wrong. */
export function learningNotice(state: LearningState): LearningNotice | undefined {
  const { quality, guessingQuality } = state;
  const leastQuality = guessingQuality + GAIN_MIN * (1 - guessingQuality);
  const isGuessing = quality !== undefined && quality < leastQuality;
  const dead = deadUnits(state, isGuessing);
  if (dead) return { kind: 'dead-units', message: dead };
  if (!isGuessing) return wrongLabels(state);
  const vanishing = vanishingGradient(state);
  if (vanishing) return { kind: 'vanishing-gradient', message: vanishing };
  const peak = state.config.learningRate.peak;
  const [what, cause] = isRegression(state.config.dataset)
    ? [
        `always saying the mean: training R² ${quality.toFixed(3)}. `,
        'the inputs may say nothing about the target: look at the columns of the dataset.',
      ]
    : [
        `guessing: training accuracy ${percent(quality, 1)}. ${onlyClassSentence(state)}`,
        'see whether the labels belong to the images: lockstep look.',
      ];
  return {
    kind: 'guessing',
    message:
      `the model is no better than ${what}Try another --lr, lower or higher (${peak}). ` +
      `If none helps, ${cause}`,
  };
}

/** Says that the model always says the same class, if it does. */
function onlyClassSentence({ health: { onlyClass, exampleCount }, config }: LearningState): string {
  if (onlyClass === undefined) return '';
  const name = classNamesOf(config.dataset)[onlyClass];
  return `It says “${name}” for each of ${exampleCount} examples. `;
}

/** Says that a model overfits, and what helps. Undefined if it does not, or is stopped in time. */
export function overfittingNotice(
  epochs: readonly EpochResult[],
  { earlyStopping, epochs: epochCount }: StopRule,
  { dataset, model, validationCount }: Pick<RunConfig, 'dataset' | 'model' | 'validationCount'>,
): LearningNotice | undefined {
  const trend = learningTrend(epochs, validationCount);
  if (trend.kind !== 'overfitting' || earlyStopping !== undefined) return undefined;
  const { best, last } = trend;
  const { height, width } = model.input;
  const remedies = [
    ...(height * width > 1 ? ['--augment flip'] : []),
    '--weight-decay',
    ...(isRegression(dataset) ? [] : ['--label-smoothing 0.1']),
  ];
  const message =
    `the model overfits since epoch ${best.epoch}: its validation loss has risen from ` +
    `${best.validationLoss.toFixed(4)} to ${last.validationLoss.toFixed(4)}, while its training ` +
    `loss falls. --early-stopping ${patienceFor(epochCount)} keeps the best epoch; ` +
    `${remedies.join(', ')} or dropout layers make it later and better`;
  return { kind: 'overfitting', message };
}

/** Says that the training loss rises, or is worse than without a model, and what helps. */
export function rateNotice(
  epochs: readonly EpochResult[],
  { learningRate, loss, dataset }: Pick<RunConfig, 'learningRate' | 'loss' | 'dataset'>,
): LearningNotice | undefined {
  const last = epochs.at(-1);
  if (!last) return undefined;
  const best = epochs.reduce((a, b) => (b.trainLoss < a.trainLoss ? b : a));
  const guessingLoss = guessingLossOf(loss, classNamesOf(dataset).length);
  const rise = last.trainLoss - best.trainLoss;
  const hasRisen = rise > RISE_MIN.difference && rise > RISE_MIN.part * best.trainLoss;
  const isBad = last.trainLoss >= 2 * guessingLoss && !mayStillFall(epochs, loss);
  if (!hasRisen && !isBad) return undefined;
  const what = hasRisen
    ? `the training loss has risen from ${best.trainLoss.toFixed(4)} in epoch ${best.epoch} to ` +
      `${last.trainLoss.toFixed(4)} in epoch ${last.epoch}`
    : `the training loss of epoch ${last.epoch} is ${last.trainLoss.toPrecision(3)}, and ` +
      `without learning anything it would be ${guessingLoss.toFixed(2)}`;
  const { peak } = learningRate;
  const lower = Number((peak / 3).toPrecision(1));
  const message =
    `the learning rate is too high: ${what}. Start again with a lower --lr (${peak}), ` +
    `for example ${lower}; --warmup or --clip-norm 1 help against the first steps`;
  return { kind: 'rate-too-high', message };
}

/**
 * Whether a large loss may be left of the beginning. Without softmax, the outputs of initial
 * weights can be far from any target, and a low rate needs epochs to bring them there.
 */
function mayStillFall(epochs: readonly EpochResult[], loss: RunConfig['loss']): boolean {
  const [before, last] = epochs.slice(-2);
  return loss !== 'cross-entropy' && (!last || last.trainLoss < before.trainLoss);
}

/**
 * The loss of a model that gives each class the same probability. Without classes: that of always
 * the mean, for the targets are standardized.
 */
function guessingLossOf(loss: RunConfig['loss'], classCount: number): number {
  if (loss === 'cross-entropy') return Math.log(classCount);
  return classCount === 0 ? 0.5 : 0.5 * (1 - 1 / classCount);
}

/** A model that knows the classes finds a part of the labels not just wrong, but absurd. */
function wrongLabels({ quality, health, model }: LearningState): LearningNotice | undefined {
  const { unlikelyLabelCount: unlikely, exampleCount } = health;
  if (quality === undefined || model.classCount < CLASSES_MIN) return undefined;
  const { part, count } = UNLIKELY_LABELS_MIN;
  if (unlikely < Math.max(count, part * exampleCount)) return undefined;
  const message =
    `labels look wrong: to ${unlikely} of ${exampleCount} training examples the data ` +
    'give a class that is not even in the likelier half for the model. Look at the hardest ' +
    'training examples (lockstep look RUN --set training --hardest), mend or remove them; ' +
    '--label-smoothing 0.1 and --early-stopping 3 keep the model from learning them by heart';
  return { kind: 'wrong-labels', message };
}

/** An activation whose units are mostly constant. Their inputs get no gradient. */
function deadUnits({ config, health, model }: LearningState, isGuessing: boolean) {
  const worst = health.activations.toSorted((a, b) => b.constantPart - a.constantPart)[0];
  if (!worst || worst.constantPart <= CONSTANT_PART_MAX) return undefined;
  const planned = model.layers.find(({ name }) => name === worst.name);
  const kind = planned?.spec.type === 'activation' ? planned.spec.function : '';
  // A sigmoid is almost constant too if nothing reaches it from the layers before it.
  if (kind !== 'relu' && (!isGuessing || vanishingGradient({ config, health, model })))
    return undefined;
  const remedy = kind === 'relu' ? ', or an activation without dead units: leaky-relu, gelu' : '';
  return (
    `${percent(worst.constantPart)} of the units of ${worst.name} (${kind}) give the same value ` +
    `for all of ${health.exampleCount} examples: they are dead and learn no more. ` +
    `Start again with a lower --lr (${config.learningRate.peak})${remedy}.`
  );
}

function vanishingGradient({ health }: Pick<LearningState, 'config' | 'health' | 'model'>) {
  const [first, last] = [health.gradients[0], health.gradients.at(-1)];
  if (!first || !last || first === last) return undefined;
  if (first.rms === 0 || first.rms >= last.rms * GRADIENT_RATIO_MIN) return undefined;
  const times = (last.rms / first.rms).toPrecision(1);
  return (
    `the gradient vanishes on its way to the first layer: that of ${layerOf(first)} is ` +
    `${Number(times).toLocaleString('en-US')} times smaller than that of ${layerOf(last)}, ` +
    'so the first layers do not learn. ' +
    'Try --activation relu, fewer layers, or batch-norm layers in a --model file.'
  );
}

const layerOf = ({ name }: { readonly name: string }): string => name.replace(/\.weight$/, '');

const percent = (part: number, digits = 0): string => `${(part * 100).toFixed(digits)} %`;
