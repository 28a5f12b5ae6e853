import { expect, test } from 'vitest';
import {
  bytesField,
  doubleField,
  floatField,
  integerField,
  message,
} from '../../../../../coordinator/export/encoding/protobuf.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

// The examples of the encoding's own description.
test('fields have the bytes of the standard', () => {
  expect(hex(integerField(1, 150))).toBe('089601');
  expect(hex(bytesField(2, 'testing'))).toBe('120774657374696e67');
  expect(hex(bytesField(3, integerField(1, 150)))).toBe('1a03089601');
});

test('field numbers and integers may need several bytes', () => {
  expect(hex(integerField(20, 0))).toBe('a00100');
  expect(hex(integerField(1, 2 ** 53 - 1))).toBe('08ffffffffffffff0f');
});

test('numbers are little-endian', () => {
  expect(hex(doubleField(1, 1.5))).toBe('09000000000000f83f');
  expect(hex(floatField(2, 0.25))).toBe('150000803e');
});

test('a message is its fields, one after the other', () => {
  expect(hex(message())).toBe('');
  expect(hex(message(integerField(1, 1), integerField(1, 2)))).toBe('08010802');
});
