import { classNamesOf } from '../../shared/data/target.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import { type ModelHealth, PROBE_EXAMPLES } from '../../shared/round/health-probe.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { learningTrend } from './learning-trend.ts';
import type { EpochResult, StopRule } from './progress.ts';

/** What is known about a model when it is looked at. */
export interface LearningState {
  readonly config: RunConfig;
  readonly model: ModelPlan;
  readonly health: ModelHealth;
  /** The training accuracy of the epoch. Undefined if too little was learned from to judge it. */
  readonly accuracy: number | undefined;
  /** The accuracy of always naming the most frequent class. */
  readonly guessingAccuracy: number;
}

/** A fault of learning, in a line for people. Each kind is said once per run. */
export interface LearningNotice {
  readonly kind: 'dead-units' | 'vanishing-gradient' | 'guessing' | 'overfitting';
  readonly message: string;
}

/** In a model that learns well, about a fifth of the units are constant. */
const CONSTANT_PART_MAX = 0.5;
/** In a model that learns well, the first layer's gradient is about a tenth of the last one's. */
const GRADIENT_RATIO_MIN = 1e-3;
/** The part of what guessing gets wrong that a model must get right. */
const GAIN_MIN = 0.02;

/** Says why a model cannot learn, and what helps. Undefined if nothing is wrong. */
export function learningNotice(state: LearningState): LearningNotice | undefined {
  const { accuracy, guessingAccuracy } = state;
  const leastAccuracy = guessingAccuracy + GAIN_MIN * (1 - guessingAccuracy);
  const isGuessing = accuracy !== undefined && accuracy < leastAccuracy;
  const dead = deadUnits(state, isGuessing);
  if (dead) return { kind: 'dead-units', message: dead };
  if (!isGuessing) return undefined;
  const vanishing = vanishingGradient(state);
  if (vanishing) return { kind: 'vanishing-gradient', message: vanishing };
  return {
    kind: 'guessing',
    message:
      `the model is no better than guessing: training accuracy ${percent(accuracy, 1)}. ` +
      onlyClassSentence(state) +
      `Try another --lr, lower or higher (${state.config.learningRate.peak}).`,
  };
}

/** Says that the model always says the same class, if it does. */
function onlyClassSentence({ health: { onlyClass }, config }: LearningState): string {
  if (onlyClass === undefined) return '';
  const name = classNamesOf(config.dataset)[onlyClass];
  return `It says “${name}” for each of ${PROBE_EXAMPLES} examples. `;
}

/** Says that a model overfits, and what helps. Undefined if it does not, or is stopped in time. */
export function overfittingNotice(
  epochs: readonly EpochResult[],
  { earlyStopping }: Pick<StopRule, 'earlyStopping'>,
): LearningNotice | undefined {
  const trend = learningTrend(epochs);
  if (trend.kind !== 'overfitting' || earlyStopping !== undefined) return undefined;
  const { best, last } = trend;
  const message =
    `the model overfits since epoch ${best.epoch}: its validation loss has risen from ` +
    `${best.validationLoss.toFixed(4)} to ${last.validationLoss.toFixed(4)}, while its training ` +
    'loss falls. --early-stopping 3 keeps the best epoch; --augment flip, --weight-decay, ' +
    '--label-smoothing 0.1 or dropout layers make it later and better';
  return { kind: 'overfitting', message };
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
    `for all of ${PROBE_EXAMPLES} examples: they are dead and learn no more. ` +
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
