import { bytesOf } from '../../../shared/bytes.ts';
import type { NamedTensor } from '../../run-folder/safetensors.ts';
import { bytesField, floatField, integerField, message } from './protobuf.ts';

/*
 * The messages of ONNX that a model needs, with the numbers of their fields from `onnx.proto`.
 *
 *   ModelProto       1 ir_version  2 producer_name  7 graph  8 opset_import  14 metadata_props
 *   GraphProto       1 node  2 name  5 initializer  11 input  12 output
 *   NodeProto        1 input  2 output  3 name  4 op_type  5 attribute
 *   AttributeProto   1 name  2 f  3 i  8 ints  20 type
 *   TensorProto      1 dims  2 data_type  8 name  9 raw_data
 *   ValueInfoProto   1 name  2 type
 */

const FLOAT = 1;
const UINT8 = 2;
const INT64 = 7;
/** The number with which `Cast` names f32. */
export const FLOAT_TYPE = FLOAT;

/** The format of the file, and the operators' definitions: those of ONNX 1.8 (2020). */
const IR_VERSION = 7;
const OPSET_VERSION = 13;

/** A number written as a float has a type of its own; others are integers. */
export type Attribute = number | readonly number[] | { readonly float: number };

/** An operation on named values. */
export interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A value that goes into a graph or comes out of it. A dimension may be a name. */
export interface GraphValue {
  readonly name: string;
  readonly type: 'f32' | 'u8';
  readonly shape: readonly (number | string)[];
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Tensors in f32, and vectors of 64-bit integers. */
  readonly constants: readonly (NamedTensor | IntegerVector)[];
}

export interface IntegerVector {
  readonly name: string;
  readonly integers: readonly number[];
}

/** The content of an ONNX file. */
export function encodeOnnx(graph: Graph, metadata: Readonly<Record<string, string>>): Uint8Array {
  const properties = Object.entries(metadata).map(([key, value]) =>
    bytesField(14, message(bytesField(1, key), bytesField(2, value))),
  );
  return message(
    integerField(1, IR_VERSION),
    bytesField(2, 'lockstep'),
    bytesField(7, encodeGraph(graph)),
    bytesField(8, integerField(2, OPSET_VERSION)),
    ...properties,
  );
}

function encodeGraph({ nodes, inputs, outputs, constants }: Graph): Uint8Array {
  return message(
    ...nodes.map((node) => bytesField(1, encodeNode(node))),
    bytesField(2, 'model'),
    ...constants.map((constant) => bytesField(5, encodeConstant(constant))),
    ...inputs.map((value) => bytesField(11, encodeValue(value))),
    ...outputs.map((value) => bytesField(12, encodeValue(value))),
  );
}

function encodeNode({ operator, inputs, output, attributes = {} }: Node): Uint8Array {
  return message(
    ...inputs.map((name) => bytesField(1, name)),
    bytesField(2, output),
    bytesField(3, output),
    bytesField(4, operator),
    ...Object.entries(attributes).map(([name, value]) =>
      bytesField(5, message(bytesField(1, name), encodeAttribute(value))),
    ),
  );
}

/** The value of an attribute, and the type of the value. */
function encodeAttribute(value: Attribute): Uint8Array {
  if (typeof value === 'number') return message(integerField(3, value), integerField(20, 2));
  if ('float' in value) return message(floatField(2, value.float), integerField(20, 1));
  return message(...value.map((one) => integerField(8, one)), integerField(20, 7));
}

function encodeConstant(constant: NamedTensor | IntegerVector): Uint8Array {
  const { name } = constant;
  const [shape, type, bytes] =
    'values' in constant
      ? [constant.shape, FLOAT, bytesOf(constant.values)]
      : [[constant.integers.length], INT64, bytesOfIntegers(constant.integers)];
  return message(
    ...shape.map((extent) => integerField(1, extent)),
    integerField(2, type),
    bytesField(8, name),
    bytesField(9, bytes),
  );
}

const bytesOfIntegers = (integers: readonly number[]): Uint8Array =>
  new Uint8Array(BigInt64Array.from(integers, BigInt).buffer);

function encodeValue({ name, type, shape }: GraphValue): Uint8Array {
  const dimensions = shape.map((extent) =>
    bytesField(1, typeof extent === 'number' ? integerField(1, extent) : bytesField(2, extent)),
  );
  const tensor = message(
    integerField(1, type === 'f32' ? FLOAT : UINT8),
    bytesField(2, message(...dimensions)),
  );
  return message(bytesField(1, name), bytesField(2, bytesField(1, tensor)));
}
