import type { LayerSpec } from '../engine/layers/layer-spec.ts';
import { columnsOf } from './columns.ts';
import type { ExampleStudy, LayerStudy } from './example-study.ts';
import { biasOf, type Link, type LinkedLayer, linksInto, linksOf, linksOutOf } from './links.ts';

/** One product of a sum. */
export interface Term extends Link {
  /** What the weight is multiplied with: an activation forward, a δ backward. */
  readonly value: number;
  readonly product: number;
  /** ∂L/∂w of the weight, the engine's; null if it is not trained. */
  readonly gradient: number | null;
}

/** One layer that changes the value of a unit on its own: an activation, or a normalization. */
export interface Change {
  readonly spec: LayerSpec;
  readonly before: number;
  readonly after: number;
  readonly slope: number;
  /** Of a batch normalization, by its running averages. */
  readonly norm: Readonly<Record<'mean' | 'variance' | 'scale' | 'shift', number>> | undefined;
}

/** The chain rule of one unit for one example. All numbers but the products are the engine's. */
export interface UnitStudy {
  readonly spec: LayerSpec | undefined;
  /** The products whose sum, with the bias, is z. None for the input. */
  readonly forward: readonly Term[];
  readonly bias: number | null;
  /** The engine's ∂L/∂b. */
  readonly biasGradient: number | null;
  readonly sum: number;
  readonly changes: readonly Change[];
  readonly value: number;
  /** The products whose sum is ∂L/∂a. None for an output, whose error is output − target. */
  readonly backward: readonly Term[];
  /** Of an output: what is compared with the target, and the target. */
  readonly output: { readonly value: number; readonly target: number } | undefined;
  /** ∂L/∂a; null for an input, which is not trained. */
  readonly error: number | null;
  /** δ = ∂L/∂z. */
  readonly delta: number | null;
  /** The weight that was asked for. */
  readonly weight: WeightStudy | undefined;
}

/** The derivative of the loss by one weight: Σ a·δ over the places where it is used. */
export interface WeightStudy {
  readonly parameter: number;
  readonly weight: number;
  readonly terms: readonly (Link & {
    readonly value: number;
    readonly delta: number;
    readonly product: number;
  })[];
  /** The engine's ∂L/∂w. */
  readonly gradient: number;
}

export interface UnitPlace {
  /** Its column, as `columnsOf` counts them. */
  readonly column: number;
  readonly unit: number;
  /** The place of one of its weights among all parameters. */
  readonly parameter?: number | undefined;
}

/** Explains one unit. `parameters` are those that the example was studied with. */
export function studyUnit(
  study: ExampleStudy,
  parameters: Float32Array,
  { column, unit, parameter }: UnitPlace,
): UnitStudy {
  const { layers, pixels, gradient } = study;
  const columns = columnsOf(layers);
  const { source, changes } = columns[column];
  const next = columns[column + 1]?.source;
  const linked = (index: number): LinkedLayer => ({
    planned: layers[index].planned,
    parameters,
    x: index === 0 ? pixels : layers[index - 1].values,
    y: layers[index].values,
  });
  const own = source === undefined ? undefined : linked(source);
  const first = source === undefined ? undefined : layers[source];
  const last = layers[changes.at(-1) ?? source ?? -1];
  const gradientOf = (place: number | null) => (place === null ? null : gradient[place]);
  const termOf = (link: Link, value: number): Term => {
    const product = link.weight * value;
    return { ...link, value, product, gradient: gradientOf(link.parameter) };
  };
  const bias = own ? biasOf(own.planned, unit) : null;
  return {
    spec: first?.planned.spec,
    forward: own ? linksInto(own, unit).map((link) => termOf(link, own.x[link.from])) : [],
    bias: bias === null ? null : parameters[bias],
    biasGradient: gradientOf(bias),
    sum: (first?.values ?? pixels)[unit],
    changes: changes.map((index) => changeOf(linked(index), layers[index], unit)),
    value: (last?.values ?? pixels)[unit],
    backward:
      next === undefined
        ? []
        : linksOutOf(linked(next), unit).map((link) => termOf(link, layers[next].deltas[link.to])),
    output:
      column === columns.length - 1
        ? { value: study.outputs[unit], target: study.targets[unit] }
        : undefined,
    error: last?.deltas[unit] ?? null,
    delta: first?.deltas[unit] ?? null,
    weight:
      own && first && parameter !== undefined
        ? studyWeight(own, first.deltas, gradient, parameter)
        : undefined,
  };
}

function studyWeight(
  layer: LinkedLayer,
  deltas: Float32Array,
  gradient: Float32Array,
  parameter: number,
): WeightStudy {
  const terms = linksOf(layer, parameter).map((link) => {
    const [value, delta] = [layer.x[link.from], deltas[link.to]];
    return { ...link, value, delta, product: value * delta };
  });
  const weight = layer.parameters[parameter];
  return { parameter, weight, terms, gradient: gradient[parameter] };
}

function changeOf(
  { planned, parameters, x, y }: LinkedLayer,
  { slopes }: LayerStudy,
  unit: number,
): Change {
  const { spec, tensors, output } = planned;
  const at = (tensor: number) => parameters[tensors[tensor].offset + (unit % output.channels)];
  const norm =
    spec.type === 'batch-norm'
      ? { scale: at(0), shift: at(1), mean: at(2), variance: at(3) }
      : undefined;
  return { spec, before: x[unit], after: y[unit], slope: slopes?.[unit] ?? 1, norm };
}
