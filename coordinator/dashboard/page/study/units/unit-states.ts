import type { Activation } from '../../../../../shared/engine/kernels.ts';
import { type LayerActivity, saturates } from '../../../../../shared/study/unit-activity.ts';
import { formatCount, formatPercent, formatQuantity } from '../../format.ts';

/** What a unit does over a set. */
export type UnitState = 'dead' | 'rare' | 'usual' | 'always' | 'saturated' | 'often saturated';

/** A unit that fires for less than this part of the examples fires rarely. */
const RARE_MAX = 0.01;
/** "For nearly all examples". */
const SATURATED_MIN = 0.95;
const OFTEN_MIN = 0.5;

export function stateOf(name: Activation, part: number): UnitState {
  if (saturates(name)) {
    if (part >= SATURATED_MIN) return 'saturated';
    return part >= OFTEN_MIN ? 'often saturated' : 'usual';
  }
  // Only ReLU passes no gradient to a unit that never fires.
  if (part === 0 && name === 'relu') return 'dead';
  if (part < RARE_MAX) return 'rare';
  return part === 1 ? 'always' : 'usual';
}

/** How many units of a layer are in a state. */
export const countState = (layer: LayerActivity, state: UnitState): number =>
  layer.parts.reduce((sum, part) => sum + (stateOf(layer.function, part) === state ? 1 : 0), 0);

/** How many units are dead and saturated, and in which layers. */
export function unitsSentence(layers: readonly LayerActivity[], count: number): string {
  if (layers.length === 0)
    return 'This net has no layer with an activation, so it has no units that can be dead.';
  const [firing, saturating] = [false, true].map((kind) =>
    layers.filter((layer) => saturates(layer.function) === kind),
  );
  const parts = [
    firing.length > 0 ? partOf(firing, 'dead') : '',
    saturating.length > 0 ? partOf(saturating, 'saturated') : '',
  ];
  const examples = formatQuantity(count, 'test example');
  return `Over ${examples}, ${parts.filter((part) => part !== '').join(', and ')}.`;
}

function partOf(layers: readonly LayerActivity[], state: 'dead' | 'saturated'): string {
  const total = layers.reduce((sum, { parts }) => sum + parts.length, 0);
  const counts = layers
    .map((layer) => ({ name: layer.name, count: countState(layer, state) }))
    .filter(({ count }) => count > 0);
  const sum = counts.reduce((all, { count }) => all + count, 0);
  if (sum === 0) return `none of the ${formatQuantity(total, 'unit')} is ${state}`;
  const places = counts.map(({ name, count }) => `${formatCount(count)} in ${name}`).join(', ');
  const verb = sum === 1 ? 'is' : 'are';
  return `${formatCount(sum)} of ${formatQuantity(total, 'unit')} ${verb} ${state} (${places})`;
}

/** What helps against the states that there are; empty if all is well. */
export function unitsAdvice(layers: readonly LayerActivity[]): string {
  const has = (state: UnitState) => layers.some((layer) => countState(layer, state) > 0);
  const dead =
    'A dead unit passes no gradient back, so it seldom comes to life again. A lower learning ' +
    'rate, leaky ReLU, He initialization or batch normalization help.';
  const saturated =
    'The slope of a saturated unit is nearly 0, so it hardly learns. Smaller initial weights ' +
    '(Glorot), batch normalization or ReLU help.';
  return [has('dead') ? dead : '', has('saturated') ? saturated : ''].join(' ').trim();
}

/** "fires for 3.2 % of the examples: usual". */
export function unitText(name: Activation, part: number): string {
  const state = stateOf(name, part);
  const share = formatPercent(part);
  if (saturates(name)) return `${share} of its outputs are saturated (${state})`;
  if (state === 'dead') return 'never fires: it is dead';
  if (state === 'always') return 'fires for all examples';
  return `fires for ${share} of the examples (${state})`;
}
