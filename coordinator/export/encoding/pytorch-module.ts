import type { Activation } from '../../../shared/engine/kernels.ts';
import { sizeOfShape } from '../../../shared/engine/layers/layer-plan.ts';
import { isTable, type PortableLayer, type PortableTarget, paddingOf } from './portable-model.ts';

/** What the module needs to know in addition to the layers. */
export interface ModuleFacts {
  readonly classNames: readonly string[];
  /** The target, if it is a number. */
  readonly target?: PortableTarget;
  /** The columns of a table, in the order of their inputs; see `TableColumn`. */
  readonly columns?: readonly object[] | undefined;
  /** Whether the outputs are logits of a softmax. Otherwise they were trained to be 0 or 1. */
  readonly hasSoftmax: boolean;
  /** The name of the safetensors file beside the module. */
  readonly parameterFile: string;
}

/** The text of a Python module that builds a model for PyTorch and loads its parameters. */
export function pytorchModule(
  layers: readonly PortableLayer[],
  { classNames, target, columns, hasSoftmax, parameterFile }: ModuleFacts,
): string {
  const isOfRows = isTable(layers[0].input);
  const inputs = columns ? 'features(rows)' : isOfRows ? 'features' : 'images';
  const names = [...(target ? [] : ['CLASSES']), ...(columns ? ['features'] : []), 'load'].join(
    ', ',
  );
  const result = target
    ? `numbers = model(${inputs})`
    : `probabilities = model(${inputs})${hasSoftmax ? '.softmax(1)' : '.clamp(0, 1)'}`;
  const entries = layers.map((layer) => `            ("${layer.name}", ${construction(layer)}),`);
  return `"""A model that Lockstep has trained, for PyTorch 1.12 or later.

    from model import ${names}
    model = load()
    ${result}
"""
import json
import struct
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn

${target ? targetLines(target) : `CLASSES = ${listOf(classNames)}`}


${columns ? columnLines(columns) : ''}class Model(nn.Sequential):
    def __init__(self):
        super().__init__(OrderedDict([
${entries.join('\n')}
        ]))

${forward(isOfRows, target)}


def load(path=Path(__file__).with_name("${parameterFile}")):
    """The trained model, in evaluation mode."""
    data = Path(path).read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    state = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = bytearray(data[start + begin:start + end])
            state[name] = torch.frombuffer(values, dtype=torch.float32).reshape(entry["shape"])
    model = Model()
    model.load_state_dict(state)
    return model.eval()
`;
}

function targetLines({ name, mean, deviation }: PortableTarget): string {
  return `TARGET = ${JSON.stringify(name)}\nMEAN, DEVIATION = ${mean}, ${deviation}`;
}

/** The columns, and how rows become features; see `createRowEncoder`. */
function columnLines(columns: readonly object[]): string {
  return `# In the order of their inputs. A text has an input for each value, and one for others.
# A column with an indicator has a second input: whether its value is missing.
COLUMNS = [
${columns.map((column) => `    ${pythonOf(column)},`).join('\n')}
]


def inputs_of(column):
    if column["kind"] == "text":
        return len(column["values"]) + 1
    return 2 if column["indicator"] else 1


def features(rows):
    """Rows, each a dict by the names of COLUMNS, to features [N, inputs].
    A date is the number of days since 1970-01-01 UTC. A gap is None, or left out."""
    result = torch.zeros(len(rows), sum(inputs_of(column) for column in COLUMNS))
    for to, row in zip(result, rows):
        at = 0
        for column in COLUMNS:
            value = row.get(column["name"])
            if column["kind"] == "text":
                values = column["values"]
                to[at + (values.index(value) if value in values else len(values))] = 1
            elif value is not None:
                to[at] = (value - column["mean"]) / column["deviation"]
            elif column["indicator"]:
                to[at + 1] = 1
            at += inputs_of(column)
    return result


`;
}

/** A column as Python writes it. */
function pythonOf(column: object): string {
  const entries = Object.entries(column).map(([key, value]) => {
    const text = typeof value === 'boolean' ? (value ? 'True' : 'False') : JSON.stringify(value);
    return `"${key}": ${text}`;
  });
  return `{${entries.join(', ')}}`;
}

function forward(isOfRows: boolean, target: PortableTarget | undefined): string {
  const to = target ? 'the target in its unit [N, 1]' : 'logits [N, classes]';
  const scale = target ? ' * DEVIATION + MEAN' : '';
  if (isOfRows)
    return `    def forward(self, features):
        """Features [N, inputs], standardized as in training, to ${to}."""
        return super().forward(features)${scale}`;
  return `    def forward(self, images):
        """Images [N, channels, height, width] to ${to}. Bytes are divided by 255.
        Other types must be from 0 to 1 already."""
        x = images.float() / 255 if images.dtype == torch.uint8 else images
        return super().forward(x)${scale}`;
}

/** The names as Python texts, which are written as in JSON. */
function listOf(names: readonly string[]): string {
  return `[\n${names.map((name) => `    ${JSON.stringify(name)},\n`).join('')}]`;
}

function construction({ spec, input, output, isImage }: PortableLayer): string {
  switch (spec.type) {
    case 'dense':
      return `nn.Linear(${sizeOfShape(input)}, ${spec.outputs})`;
    case 'conv2d': {
      const { filters, kernel, stride } = spec;
      const place = `stride=${stride}, padding=${paddingOf(spec)}`;
      return `nn.Conv2d(${input.channels}, ${filters}, ${kernel}, ${place})`;
    }
    case 'max-pool':
      return `nn.MaxPool2d(${spec.size})`;
    case 'average-pool':
      return `nn.AvgPool2d(${spec.size})`;
    case 'flatten':
      return 'nn.Flatten()';
    case 'unflatten':
      return `nn.Unflatten(1, (${output.channels}, 1, 1))`;
    case 'batch-norm':
      return `nn.BatchNorm${isImage ? 2 : 1}d(${input.channels}, eps=1e-05)`;
    case 'dropout':
      return `nn.Dropout(${spec.rate})`;
    case 'activation':
      return ACTIVATIONS[spec.function];
  }
}

const ACTIVATIONS: Readonly<Record<Activation, string>> = {
  identity: 'nn.Identity()',
  sigmoid: 'nn.Sigmoid()',
  tanh: 'nn.Tanh()',
  relu: 'nn.ReLU()',
  'leaky-relu': 'nn.LeakyReLU(0.01)',
  gelu: 'nn.GELU(approximate="tanh")',
  softplus: 'nn.Softplus()',
};
