import { describe, expect, test } from 'vitest';
import {
  encodeOnnx,
  type Graph,
} from '../../../../../coordinator/export/encoding/onnx-messages.ts';
import { bytesIn, fieldsOf, textOf } from '../../../../support/protobuf-reader.ts';

const GRAPH: Graph = {
  nodes: [
    {
      operator: 'Conv',
      inputs: ['x', 'w'],
      output: 'y',
      attributes: { pads: [1, 0, 1, 0], group: 1, alpha: { float: 0.5 } },
    },
  ],
  inputs: [{ name: 'x', type: 'u8', shape: ['batch', 3] }],
  outputs: [{ name: 'y', type: 'f32', shape: ['batch'] }],
  constants: [
    { name: 'w', shape: [1, 2], values: Float32Array.of(1.5, -2) },
    { name: 's', integers: [0, 300] },
  ],
};

const file = fieldsOf(encodeOnnx(GRAPH, { step: '3', classes: '["ä"]' }));
const inner = (fields: ReturnType<typeof fieldsOf>, number: number) =>
  fields.flatMap(({ number: own, value }) =>
    own === number && value instanceof Uint8Array ? [fieldsOf(value)] : [],
  );
const text = (fields: ReturnType<typeof fieldsOf>, number: number) =>
  textOf(bytesIn(fields, number) ?? new Uint8Array());
const numbers = (fields: ReturnType<typeof fieldsOf>, number: number) =>
  fields.flatMap(({ number: own, value }) => (own === number ? [Number(value)] : []));
const [graph] = inner(file, 7);

// That real readers take it is shown in `process/onnx.test.ts`.
describe('an ONNX file', () => {
  test('says its version, its producer and the definitions of its operators', () => {
    expect(numbers(file, 1)).toEqual([7]);
    expect(text(file, 2)).toBe('lockstep');
    expect(numbers(inner(file, 8)[0], 2)).toEqual([13]);
  });

  test('holds metadata', () => {
    const entries = inner(file, 14).map((entry) => [text(entry, 1), text(entry, 2)]);
    expect(entries).toEqual([
      ['step', '3'],
      ['classes', '["ä"]'],
    ]);
  });

  test('has attributes with their types', () => {
    const [node] = inner(graph, 1);
    expect(text(node, 4)).toBe('Conv');
    const attributes = inner(node, 5).map((one) => [text(one, 1), numbers(one, 20)[0]]);
    expect(attributes).toEqual([
      ['pads', 7],
      ['group', 2],
      ['alpha', 1],
    ]);
    expect(numbers(inner(node, 5)[0], 8)).toEqual([1, 0, 1, 0]);
    expect(numbers(inner(node, 5)[1], 3)).toEqual([1]);
    expect(Buffer.from(bytesIn(inner(node, 5)[2], 2) ?? []).readFloatLE()).toBe(0.5);
  });

  test('has tensors of f32 and of 64-bit integers, little-endian', () => {
    const [weight, shape] = inner(graph, 5);
    expect([text(weight, 8), numbers(weight, 1), numbers(weight, 2)]).toEqual(['w', [1, 2], [1]]);
    expect(Buffer.from(bytesIn(weight, 9) ?? []).toString('hex')).toBe('0000c03f000000c0');
    expect([text(shape, 8), numbers(shape, 1), numbers(shape, 2)]).toEqual(['s', [2], [7]]);
    expect(Buffer.from(bytesIn(shape, 9) ?? []).readBigInt64LE(8)).toBe(300n);
  });

  test('has inputs and outputs with types and shapes', () => {
    const [[input], [output]] = [inner(graph, 11), inner(graph, 12)];
    const tensorOf = (value: ReturnType<typeof fieldsOf>) => inner(inner(value, 2)[0], 1)[0];
    expect([text(input, 1), numbers(tensorOf(input), 1)]).toEqual(['x', [2]]);
    expect([text(output, 1), numbers(tensorOf(output), 1)]).toEqual(['y', [1]]);
    const [batch, extent] = inner(inner(tensorOf(input), 2)[0], 1);
    expect([text(batch, 2), numbers(extent, 1)]).toEqual(['batch', [3]]);
  });
});
