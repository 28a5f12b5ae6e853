import type { Activation } from '../../../../../shared/engine/kernels.ts';
import type { Change, UnitStudy } from '../../../../../shared/study/unit-study.ts';
import { showFour } from './sums.ts';

/** What an activation computes, and its slope, as in lectures. */
const FORMULAS: Readonly<Record<Activation, readonly [value: string, slope: string]>> = {
  identity: ['z', '1'],
  sigmoid: ['σ(z) = 1 / (1 + e^−z)', 'σ′(z) = a · (1 − a)'],
  tanh: ['tanh(z)', '1 − a²'],
  relu: ['max(0, z)', '1 if z > 0, else 0'],
  'leaky-relu': ['z if z > 0, else z / 100', '1 if z > 0, else 0.01'],
  gelu: ['z · Φ(z), nearly z if z is large, and 0 if it is small', 'that of this curve at z'],
  softplus: ['ln(1 + e^z)', 'σ(z) = 1 / (1 + e^−z)'],
};

/** How a layer changes one value, with numbers. */
export function changeText({ spec, before, after, slope, norm }: Change): string {
  const [z, a, s] = [before, after, slope].map(showFour);
  if (norm) {
    const { mean, variance, scale, shift } = norm;
    const [m, v, g, b] = [mean, variance, scale, shift].map(showFour).map(inBrackets);
    return (
      `Batch norm, by its running averages as in an evaluation: ` +
      `(z − mean) / √(variance + ε) · scale + shift ` +
      `= (${z} − ${m}) / √(${v} + ε) · ${g} + ${b} = ${a}. ` +
      `Its slope is scale / √(variance + ε) = ${s}.`
    );
  }
  if (spec.type !== 'activation')
    return 'Dropout drops nothing here, because it is for training only. Its slope is 1.';
  const [value, derivative] = FORMULAS[spec.function];
  return `a = f(z) = ${value} = ${a}. The slope f′(z) = ${derivative}: ${s}.`;
}

/** δ of a unit as a product, with numbers. */
export function deltaText({ error, delta, changes, output }: UnitStudy): string {
  if (error === null || delta === null) return '';
  const slopes = changes.map(({ slope }) => slope);
  const factors = [error, ...slopes].map(showFour).map(inBrackets);
  if (output) {
    const [value, target] = [showFour(output.value), inBrackets(showTarget(output.target))];
    return `δ = output − target = ${value} − ${target} = ${showFour(delta)}`;
  }
  if (slopes.length === 0) return `δ = ∂L/∂a = ${showFour(delta)}, because the slope is 1`;
  const names = ['∂L/∂a', ...slopes.map(() => 'slope')].join(' · ');
  return `δ = ${names} = ${factors.join(' · ')} = ${showFour(delta)}`;
}

/** 0 and 1 stay short. */
const showTarget = (target: number): string =>
  Number.isInteger(target) ? String(target) : showFour(target);

const inBrackets = (text: string): string => (text.startsWith('−') ? `(${text})` : text);

/** Which weight into a unit changes most, and why. Undefined if none changes. */
export function mostText(
  { forward, delta, spec }: UnitStudy,
  nameOf: (from: number) => string,
): string | undefined {
  const sizeOf = (gradient: number | null) => Math.abs(gradient ?? 0);
  const [first] = forward.toSorted((a, b) => sizeOf(b.gradient) - sizeOf(a.gradient));
  if (!first || first.parameter === null || delta === null) return undefined;
  const weight = `The weight from ${nameOf(first.from)}`;
  const changes = `changes most, ${(first.gradient ?? 0) > 0 ? 'down' : 'up'}`;
  if (first.gradient === 0) return 'No weight into this unit changes: each a · δ is 0.';
  if (spec?.type !== 'dense')
    return (
      `${weight} ${changes}: its ∂L/∂w = ${showFour(first.gradient ?? 0)}, ` +
      'a sum over all positions of the kernel, is the largest.'
    );
  return (
    `${weight} ${changes}: ∂L/∂w = a · δ, all weights into this unit ` +
    `share δ = ${showFour(delta)}, and its a = ${showFour(first.value)} is the largest.`
  );
}
