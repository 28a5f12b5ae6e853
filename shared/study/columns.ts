import type { PlannedLayer, Shape } from '../engine/layers/layer-plan.ts';
import type { ExampleStudy, LayerStudy } from './example-study.ts';
import { isLinked } from './links.ts';

/**
 * A column of units, as people draw a net: z = Σ w·a + b of a dense, convolutional or pooling
 * layer, and then what changes each value on its own, such as a = f(z). The first column is the
 * input.
 */
export interface Column {
  /** The place among the layers of the one that gives z; undefined: the input. */
  readonly source: number | undefined;
  /** The places of the layers that change each value on its own, in their order. */
  readonly changes: readonly number[];
}

/** The columns of a net whose layers are these. */
export function columnsOf(layers: readonly Pick<LayerStudy, 'planned'>[]): Column[] {
  const columns: { source: number | undefined; changes: number[] }[] = [
    { source: undefined, changes: [] },
  ];
  for (const [index, { planned }] of layers.entries()) {
    if (isLinked(planned.spec)) columns.push({ source: index, changes: [] });
    else columns[columns.length - 1].changes.push(index);
  }
  return columns;
}

/** What one column has for one example. */
export interface ColumnStudy {
  /** The layers that it consists of, such as a dense layer and its activation. */
  readonly layers: readonly PlannedLayer[];
  readonly shape: Shape;
  /** z, before the activation. For the input, the pixels. */
  readonly sums: Float32Array;
  /** a, what the next column gets. */
  readonly values: Float32Array;
  /** The derivative of a by z. Undefined where nothing changes the sums: it is 1 then. */
  readonly slopes: Float32Array | undefined;
  /** ∂L/∂a. Undefined where it is not computed: for the input. */
  readonly errors: Float32Array | undefined;
  /** δ = ∂L/∂z = ∂L/∂a · slope. */
  readonly deltas: Float32Array | undefined;
}

/**
 * What the columns of a net have for an example, from the input to the outputs. `input` is the
 * shape of its picture.
 */
export function studyColumns({ layers, pixels }: ExampleStudy, input: Shape): ColumnStudy[] {
  return columnsOf(layers).map(({ source, changes }) => {
    const first = source === undefined ? undefined : layers[source];
    const changed = changes.map((index) => layers[index]);
    const last = changed.at(-1) ?? first;
    const factors = changed.flatMap(({ slopes }) => (slopes ? [slopes] : []));
    return {
      layers: [...(first ? [first] : []), ...changed].map(({ planned }) => planned),
      shape: first ? first.planned.output : input,
      sums: first?.values ?? pixels,
      values: last?.values ?? pixels,
      slopes: factors.length > 0 ? productOf(factors) : undefined,
      errors: last?.deltas,
      deltas: first?.deltas,
    };
  });
}

const productOf = (factors: readonly Float32Array[]): Float32Array =>
  factors.reduce((product, factor) => product.map((value, i) => value * factor[i]));

/** A slope below this passes almost no error back. That of leaky ReLU is above it. */
const SMALL_SLOPE = 1 / 128;

/** Whether a unit with this slope passes almost no error back. */
export const isLocked = (slope: number): boolean => Math.abs(slope) < SMALL_SLOPE;
