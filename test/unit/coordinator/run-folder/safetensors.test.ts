import { describe, expect, test } from 'vitest';
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
} from '../../../../coordinator/run-folder/safetensors.ts';
import { createDraws } from '../../../support/simulation/draws.ts';

const draws = createDraws(1);
const weight: NamedTensor = { name: 'dense1.weight', shape: [2, 3], values: draws.floats(6) };
const bias: NamedTensor = { name: 'dense1.bias', shape: [3], values: draws.floats(3) };

const roundTrip = (tensors: NamedTensor[], metadata: Record<string, string> = {}) =>
  decodeSafetensors(encodeSafetensors(tensors, metadata));

/** A file with any header, of any length if it is given. */
function fileWith(header: string, dataLength = 8, headerLength?: bigint): Uint8Array {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + dataLength);
  new DataView(file.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

/** A header of tensors t0, t1, …, each of one value, at these bytes of the data. */
const headerOf = (...begins: number[]) =>
  JSON.stringify(
    Object.fromEntries(
      begins.map((begin, i) => [
        `t${i}`,
        { dtype: 'F32', shape: [1], data_offsets: [begin, begin + 4] },
      ]),
    ),
  );

const fileOf = (shape: number[], [begin, end]: [number, number], dtype = 'F32') =>
  fileWith(JSON.stringify({ t: { dtype, shape, data_offsets: [begin, end] } }));

const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'CHECKPOINT', message: expect.stringMatching(message) });

describe('a safetensors file', () => {
  test('gives tensors and metadata back as they were, in order', () => {
    const { tensors, metadata } = roundTrip([weight, bias], { step: '7', 'ü "': 'a\nb ✓' });
    expect([...tensors.values()]).toEqual([weight, bias]);
    expect([...tensors.keys()]).toEqual(['dense1.weight', 'dense1.bias']);
    expect(metadata).toEqual({ step: '7', 'ü "': 'a\nb ✓' });
  });

  test('keeps every bit of values that are not finite, or zero below zero', () => {
    const bits = Uint32Array.of(0x7fc00001, 0xff800000, 0x80000000, 1, 0x7f7fffff);
    const values = new Float32Array(bits.buffer);
    const back = roundTrip([{ name: 'odd', shape: [5], values }]).tensors.get('odd');
    expect(new Uint32Array(back?.values.buffer ?? new ArrayBuffer(0))).toEqual(bits);
  });

  test('may hold no tensors, scalars and tensors without values', () => {
    expect(roundTrip([]).tensors.size).toBe(0);
    const scalar = { name: 'scalar', shape: [], values: Float32Array.of(3) };
    const empty = { name: 'empty', shape: [4, 0], values: new Float32Array(0) };
    expect([...roundTrip([scalar, empty, bias]).tensors.values()]).toEqual([scalar, empty, bias]);
  });

  test('takes of a larger buffer what a view shows', () => {
    const values = draws.floats(10).subarray(4, 7);
    expect(roundTrip([{ ...bias, values }]).tensors.get(bias.name)?.values).toEqual(values);
  });

  test('is read from the middle of a buffer, and its tensors are copies', () => {
    const file = encodeSafetensors([bias], {});
    const buffer = new Uint8Array(file.length + 5);
    buffer.set(file, 3);
    const { tensors } = decodeSafetensors(buffer.subarray(3, 3 + file.length));
    buffer.fill(0xff);
    expect(tensors.get(bias.name)?.values).toEqual(bias.values);
  });

  test.for([0, 1, 2, 3, 4, 5, 6, 7])('aligns its data to 8 bytes: %d', (length) => {
    const file = encodeSafetensors([bias], { pad: 'x'.repeat(length) });
    const headerLength = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(headerLength % 8).toBe(0);
    expect(file.length).toBe(8 + headerLength + bias.values.byteLength);
  });

  test('has metadata only where it is given', () => {
    const { tensors, metadata } = decodeSafetensors(fileWith('{}', 0));
    expect(tensors.size).toBe(0);
    expect(metadata).toEqual({});
  });

  test('finds its tensors wherever the offsets say', () => {
    const header = { dtype: 'F32', shape: [1] };
    const entries = {
      second: { ...header, data_offsets: [4, 8] },
      first: { ...header, data_offsets: [0, 4] },
    };
    const file = fileWith(JSON.stringify(entries));
    file.set(new Uint8Array(Float32Array.of(1, 2).buffer), file.length - 8);
    const { tensors } = decodeSafetensors(file);
    expect(tensors.get('first')?.values).toEqual(Float32Array.of(1));
    expect(tensors.get('second')?.values).toEqual(Float32Array.of(2));
  });
});

describe('a file that is no safetensors file is refused', () => {
  test.for([
    ['without bytes', new Uint8Array(0), /\b0 bytes/],
    ['with 7 bytes', new Uint8Array(7), /\b7 bytes/],
    ['with a header that is longer than the file', fileWith('{}', 0, 3n), /\b3 .*\b10\b/],
    ['with a header of 2⁶⁴ - 1 bytes', fileWith('{}', 0, 2n ** 64n - 1n), /\b10\b/],
    ['with an empty header', fileWith(''), /JSON/],
    ['with a header that is cut', fileWith('{"t":'), /JSON/],
    ['with a list as header', fileWith('[]'), /\[\]/],
    ['with null as header', fileWith('null'), /null/],
    ['with metadata that are no strings', fileWith('{"__metadata__":{"a":1}}'), /a: .*1/],
    ['with an unknown key', fileWith('{"t":{"dtype":"F32","shape":[]}}'), /t\.data_offsets/],
    ['with another type of numbers', fileOf([2], [0, 4], 'F16'), /t\.dtype.*"F16"/],
    ['with a negative extent', fileOf([-1], [0, 4]), /t\.shape\.0.*-1/],
    ['with half an extent', fileOf([0.5], [0, 2]), /t\.shape\.0.*0\.5/],
    ['with a negative offset', fileOf([1], [-4, 0]), /t\.data_offsets\.0.*-4/],
    ['with a tensor beyond the end', fileOf([1], [8, 12]), /tensor t .*8 to 12.*\b8 bytes/],
    ['with tensors that overlap', fileWith(headerOf(0, 0), 4), /tensor t1 .*overlaps another/],
    ['with tensors that overlap in part', fileWith(headerOf(0, 2), 6), /tensor t1 .*overlaps/],
    ['with a gap between tensors', fileWith(headerOf(0, 8), 12), /tensor t1 .*gap from byte 4/],
    ['with a gap before all tensors', fileWith(headerOf(4), 8), /tensor t0 .*gap from byte 0/],
    ['with data after all tensors', fileWith(headerOf(0), 8), /end at byte 4 of 8 bytes/],
    ['with data but no tensors', fileWith('{}', 8), /end at byte 0 of 8 bytes/],
    [
      'with a million tensors',
      fileWith(`{${Array.from({ length: 1e6 }, (_, i) => `"${i}":0`)}}`, 0),
      /header has \d+ bytes, more than 1048576/,
    ],
    ['with a header that is no UTF-8', fileWith('{}\n', 0).fill(0xff, 10), /not JSON/],
    ['with a tensor from its end to its begin', fileOf([1], [4, 0]), /tensor t .*4 to 0/],
    ['with more values than bytes', fileOf([3], [0, 8]), /tensor t \[3\]/],
    ['with more bytes than values', fileOf([1], [0, 8]), /tensor t \[1\]/],
    [
      'with more values than a number can count',
      fileOf([2 ** 53 - 1, 2 ** 53 - 1], [0, 8]),
      /\[\d+/,
    ],
  ] as const)('%s', ([, file, message]) => {
    expect(() => decodeSafetensors(file)).toThrow(refusal(message));
  });

  test('wherever it is cut off', () => {
    const file = encodeSafetensors([weight, bias], { step: '7' });
    for (let end = 0; end < file.length; end++)
      expect(() => decodeSafetensors(file.subarray(0, end)), `${end}`).toThrow(refusal(/./));
  });
});
