import { LockstepError } from '../../errors.ts';
import { sizeOf, type TensorLayout } from '../layers/layer.ts';
import {
  type PlannedLayer,
  planLayer,
  type Shape,
  sizeOfShape,
  type UnplacedLayer,
} from '../layers/layer-plan.ts';
import type { LayerSpec } from '../layers/layer-spec.ts';
import type { ModelSpec } from './model-spec.ts';

/**
 * A model with all shapes, and with a place for each tensor in the flat buffer of parameters. Made
 * once per run and then passed on.
 *
 * Each tensor is row-major. An example with the layers conv2d, batch-norm, flatten and dense:
 *
 *     0                                                      trainedCount        parameterCount
 *     │ conv1   │ conv1 │ norm1  │ norm1  │ dense1  │ dense1 │ norm1 │ norm1     │
 *     │ .weight │ .bias │ .scale │ .shift │ .weight │ .bias  │ .mean │ .variance │
 *     └────────────── trained by the optimizer ──────────────┴ running averages ─┘
 */
export interface ModelPlan {
  readonly spec: ModelSpec;
  readonly layers: readonly PlannedLayer[];
  /** All tensors, in the order of the flat buffer. */
  readonly tensors: readonly TensorLayout[];
  /** The length of the flat buffer. */
  readonly parameterCount: number;
  /** The number of trained values, which come first. The rest are running averages. */
  readonly trainedCount: number;
  /** The number of values of one input example. */
  readonly inputCount: number;
  /** The number of outputs of the last layer: one per class, or 1 that predicts a number. */
  readonly classCount: number;
}

/** Whether a model has one output, which predicts a number instead of a class. */
export const predictsNumber = ({ classCount }: Pick<ModelPlan, 'classCount'>): boolean =>
  classCount === 1;

/**
 * The number of values per row of the result of `Model.evaluate`. They are the loss and the correct
 * count, which is 1 if the prediction is right, else 0. For a number they are the loss, the squared
 * error and the absolute error.
 */
export const measureLength = (plan: Pick<ModelPlan, 'classCount'>): number =>
  predictsNumber(plan) ? 3 : 2;

/**
 * Follows the shapes through the layers and gives each tensor its place in the flat buffer. Trained
 * tensors come first, running averages after them, both in the order of the layers. Throws a
 * `MODEL` error that names the layer that does not fit.
 */
export function planModel(spec: ModelSpec): ModelPlan {
  const layers = placeTensors(followShapes(spec));
  const tensors = layers.flatMap((layer) => layer.tensors).sort((a, b) => a.offset - b.offset);
  return {
    spec,
    layers,
    tensors,
    parameterCount: countValues(tensors),
    trainedCount: countValues(tensors.filter(({ isAverage }) => !isAverage)),
    inputCount: sizeOfShape(spec.input),
    classCount: sizeOfShape(layers[layers.length - 1].output),
  };
}

const NAMES: Record<LayerSpec['type'], string> = {
  dense: 'dense',
  conv2d: 'conv',
  'max-pool': 'pool',
  'average-pool': 'pool',
  flatten: 'flatten',
  activation: 'activation',
  dropout: 'dropout',
  'batch-norm': 'norm',
};

function followShapes({ input, layers }: ModelSpec): UnplacedLayer[] {
  let shape: Shape = input;
  const counts = new Map<string, number>();
  const unplaced = layers.map((spec, index) => {
    const kind = NAMES[spec.type];
    const number = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, number);
    const before = shape;
    const plan = planLayer(spec, before, `layer ${index + 1} (${spec.type})`);
    shape = plan.output;
    return { ...plan, spec, name: `${kind}${number}`, input: before };
  });
  if (layers.at(-1)?.type !== 'dense') {
    throw new LockstepError(
      'MODEL',
      `layer ${layers.length} (${layers.at(-1)?.type}) is the last layer. The last layer must be ` +
        'a dense layer with one output per class.',
    );
  }
  return unplaced;
}

function placeTensors(layers: readonly UnplacedLayer[]): PlannedLayer[] {
  let end = 0;
  const place = (isAverage: boolean): TensorLayout[][] =>
    layers.map(({ name, tensors }) =>
      tensors
        .filter((tensor) => tensor.isAverage === isAverage)
        .map((tensor) => {
          const offset = end;
          end += sizeOf(tensor.shape);
          return { ...tensor, name: `${name}.${tensor.name}`, offset };
        }),
    );
  const trained = place(false);
  const averages = place(true);
  return layers.map((layer, index) => ({
    ...layer,
    tensors: [...trained[index], ...averages[index]],
  }));
}

function countValues(tensors: readonly TensorLayout[]): number {
  return tensors.reduce((total, { shape }) => total + sizeOf(shape), 0);
}
