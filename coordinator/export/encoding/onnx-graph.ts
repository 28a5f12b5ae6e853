import {
  type Activation,
  LEAKY_SLOPE,
  NORMALIZATION_EPSILON,
} from '../../../shared/engine/kernels.ts';
import { sizeOfShape } from '../../../shared/engine/layers/layer-plan.ts';
import {
  type Attribute,
  FLOAT_TYPE,
  type Graph,
  type IntegerVector,
  type Node,
} from './onnx-messages.ts';
import { isTable, type PortableLayer, type PortableTarget, paddingOf } from './portable-model.ts';

/*
 * A model as a graph of ONNX's operators:
 *
 *     images u8 [batch, channels, height, width] ─ Cast ─ Div 255 ─ layers ─ logits ─ probabilities
 *
 * The rows of a table are f32 [batch, features] instead, standardized as the dataset has them. If
 * the target is a number, the only output is `prediction` [batch, 1] in the unit of the target.
 *
 * The graph itself scales the bytes, so that nobody scales them wrongly. It divides by 255, as
 * training does, because a product with 1/255 has other bits. Dropout does nothing after training
 * and is left out.
 */

/** The names of the graph's values that users see. */
const IMAGES = 'images';
const FEATURES = 'features';
const PREDICTION = 'prediction';
const LOGITS = 'logits';
const PROBABILITIES = 'probabilities';

/**
 * Converts layers. Without a softmax, the outputs were trained to be 0 or 1, and are limited. With
 * a target, the output is a number.
 */
export function onnxGraph(
  layers: readonly PortableLayer[],
  hasSoftmax: boolean,
  target?: PortableTarget,
): Graph {
  const { input } = layers[0];
  const isOfRows = isTable(input);
  const nodes = createNodes(isOfRows ? FEATURES : IMAGES);
  if (!isOfRows) {
    nodes.add('cast', 'Cast', [], { to: FLOAT_TYPE });
    nodes.add('scaled', 'Div', [nodes.scalar(255)]);
  }
  for (const layer of layers) addLayer(nodes, layer);
  const names = addOutputs(nodes, hasSoftmax, target);
  const { height, width, channels } = input;
  const shape = ['batch', sizeOfShape(layers[layers.length - 1].output)];
  return {
    nodes: nodes.list,
    inputs: [
      isOfRows
        ? { name: FEATURES, type: 'f32', shape: ['batch', channels] }
        : { name: IMAGES, type: 'u8', shape: ['batch', channels, height, width] },
    ],
    outputs: names.map((name) => ({ name, type: 'f32', shape })),
    constants: [...nodes.constants.values(), ...layers.flatMap(({ tensors }) => tensors)],
  };
}

/** Adds the last nodes. Returns the names of the outputs. */
function addOutputs(
  nodes: Nodes,
  hasSoftmax: boolean,
  target: PortableTarget | undefined,
): string[] {
  if (target) {
    nodes.add('deviations', 'Mul', [nodes.scalar(target.deviation)]);
    nodes.add(PREDICTION, 'Add', [nodes.scalar(target.mean)]);
    return [PREDICTION];
  }
  nodes.add(LOGITS, 'Identity');
  if (hasSoftmax) nodes.add(PROBABILITIES, 'Softmax');
  else nodes.add(PROBABILITIES, 'Clip', [nodes.scalar(0), nodes.scalar(1)]);
  return [LOGITS, PROBABILITIES];
}

type Nodes = ReturnType<typeof createNodes>;

/** A chain of nodes. The first input of each is the output of the one before it. */
function createNodes(first: string) {
  const list: Node[] = [];
  const constants = new Map<string, Graph['constants'][number]>();
  let newest = first;
  return {
    list,
    constants,
    get newest() {
      return newest;
    },
    add(
      output: string,
      operator: string,
      others: readonly string[] = [],
      attributes: Readonly<Record<string, Attribute>> = {},
    ): void {
      list.push({ operator, inputs: [newest, ...others], output, attributes });
      newest = output;
    },
    /** The name of a constant that is one number. */
    scalar(value: number): string {
      const name = `constant_${value}`;
      constants.set(name, { name, shape: [], values: Float32Array.of(value) });
      return name;
    },
    integers(vector: IntegerVector): string {
      constants.set(vector.name, vector);
      return vector.name;
    },
  };
}

function addLayer(nodes: Nodes, { name, spec, output, tensors }: PortableLayer): void {
  const parameters = tensors.map((tensor) => tensor.name);
  switch (spec.type) {
    case 'dense':
      return nodes.add(name, 'Gemm', parameters, { transB: 1 });
    case 'conv2d': {
      const { kernel, stride } = spec;
      const pads = new Array<number>(4).fill(paddingOf(spec));
      return nodes.add(name, 'Conv', parameters, { ...squares(kernel, stride), pads });
    }
    case 'max-pool':
      return nodes.add(name, 'MaxPool', [], squares(spec.size, spec.size));
    case 'average-pool':
      return nodes.add(name, 'AveragePool', [], squares(spec.size, spec.size));
    case 'flatten':
      return nodes.add(name, 'Flatten');
    case 'unflatten': {
      // 0 keeps the number of rows.
      const integers = [0, output.channels, 1, 1];
      return nodes.add(name, 'Reshape', [nodes.integers({ name: `${name}.shape`, integers })]);
    }
    case 'batch-norm': {
      const epsilon = { float: NORMALIZATION_EPSILON };
      return nodes.add(name, 'BatchNormalization', parameters, { epsilon });
    }
    case 'activation':
      return addActivation(nodes, name, spec.function);
    case 'dropout':
      return;
    default:
      spec satisfies never;
  }
}

/** The attributes of a square window. */
const squares = (size: number, stride: number) => ({
  kernel_shape: [size, size],
  strides: [stride, stride],
});

const OPERATORS: Readonly<Record<Exclude<Activation, 'gelu' | 'leaky-relu'>, string>> = {
  identity: 'Identity',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  relu: 'Relu',
  softplus: 'Softplus',
};

function addActivation(nodes: Nodes, name: string, activation: Activation): void {
  if (activation === 'gelu') return addGelu(nodes, name);
  if (activation === 'leaky-relu')
    return nodes.add(name, 'LeakyRelu', [], { alpha: { float: LEAKY_SLOPE } });
  nodes.add(name, OPERATORS[activation]);
}

/** x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))). ONNX has an operator for it only since 2023. */
function addGelu(nodes: Nodes, name: string): void {
  const x = nodes.newest;
  const steps: [operator: string, other: string][] = [
    ['Mul', x],
    ['Mul', x],
    ['Mul', nodes.scalar(0.044715)],
    ['Add', x],
    ['Mul', nodes.scalar(Math.sqrt(2 / Math.PI))],
  ];
  for (const [i, [operator, other]] of steps.entries())
    nodes.add(`${name}_${i}`, operator, [other]);
  nodes.add(`${name}_tanh`, 'Tanh');
  nodes.add(`${name}_sum`, 'Add', [nodes.scalar(1)]);
  nodes.add(`${name}_product`, 'Mul', [x]);
  nodes.add(name, 'Mul', [nodes.scalar(0.5)]);
}
