import type { FreshWeights } from '../../../../../shared/study/fresh-net.ts';
import { judgeFlow } from './flow-text.ts';

interface Weights extends Omit<FreshWeights, 'seed'> {
  readonly text: string;
}

/** The initial weights to choose from. */
export const WEIGHTS = {
  glorot: { initialization: 'glorot', factor: 1, text: 'Glorot' },
  he: { initialization: 'he', factor: 1, text: 'He' },
  small: { initialization: 'glorot', factor: 0.2, text: 'too small (Glorot × 0.2)' },
  large: { initialization: 'glorot', factor: 5, text: 'too large (Glorot × 5)' },
} as const satisfies Record<string, Weights>;
export type WeightsName = keyof typeof WEIGHTS;

/** `norms` are those of the net with sigmoid and of the net with ReLU, from the first layer on. */
export function freshSentence(norms: readonly (readonly number[])[]): string {
  const [sigmoid, relu] = norms.map((all) => describe(all));
  return sigmoid === relu
    ? `With both, ${sigmoid}.`
    : `With sigmoid, ${sigmoid}; with ReLU, ${relu}.`;
}

function describe(norms: readonly number[]): string {
  const rows = norms
    .map((norm, i) => ({ name: `dense${i + 1}`, hasWeights: true, gradients: [norm] }))
    .reverse();
  const { kind } = judgeFlow(rows);
  if (kind === 'vanish') return 'gradients vanish';
  return kind === 'explode' ? 'gradients explode' : 'gradients reach the first layer';
}
