import type { Shape } from '../../../../../shared/engine/layers/layer-plan.ts';
import type { ExampleStudy } from '../../../../../shared/study/example-study.ts';

/** The units of a hidden layer, after its activation. */
export interface FiringLayer {
  readonly name: string;
  readonly shape: Shape;
  readonly values: Float32Array;
  /** How many fire. */
  readonly firing: number;
  /** The units with the largest values, the largest first. */
  readonly strongest: readonly { readonly unit: number; readonly value: number }[];
}

const STRONGEST = 3;
/** Sigmoid is never below 0: it says no with less than a half. */
const thresholdOf = (name: string): number => (name === 'sigmoid' ? 0.5 : 0);

/** The hidden layers of a net: those with an activation. There may be none. */
export function firingLayers({ layers }: ExampleStudy): FiringLayer[] {
  return layers.flatMap(({ planned: { spec, name, output }, values }) => {
    if (spec.type !== 'activation') return [];
    const threshold = thresholdOf(spec.function);
    const order = [...values.keys()].sort((a, b) => values[b] - values[a]);
    const strongest = order.slice(0, STRONGEST).map((unit) => ({ unit, value: values[unit] }));
    const firing = values.filter((value) => value > threshold).length;
    return [{ name, shape: output, values, firing, strongest }];
  });
}

/** Where the units of a layer are in a picture of it: the channels one beside the other. */
export interface Tiling {
  readonly columns: number;
  readonly rows: number;
}

/** Channels in rows, so that the picture is about `ratio` times as wide as it is high. */
export function tilingOf({ height, width, channels }: Shape, ratio: number): Tiling {
  const columns = Math.round(Math.sqrt((channels * height * ratio) / width));
  const bounded = Math.max(1, Math.min(channels, columns));
  return { columns: bounded, rows: Math.ceil(channels / bounded) };
}
