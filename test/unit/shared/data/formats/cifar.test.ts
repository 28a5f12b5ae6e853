import { expect, test } from 'vitest';
import { parseCifar } from '../../../../../shared/data/formats/cifar.ts';

/** A record whose red, green and blue are constant. */
const record = (labels: number[], ...colors: number[]) =>
  Buffer.concat([Buffer.from(labels), ...colors.map((color) => Buffer.alloc(1024, color))]);

test('planes become pixels', () => {
  const file = Buffer.concat([record([7], 1, 2, 3), record([9], 4, 5, 6)]);
  const { pixels, labels } = parseCifar(file, 1);
  expect([...labels]).toEqual([7, 9]);
  expect([...pixels.subarray(0, 6)]).toEqual([1, 2, 3, 1, 2, 3]);
  expect([...pixels.subarray(-3)]).toEqual([4, 5, 6]);
});

test('of two labels, the fine one counts', () => {
  expect([...parseCifar(record([3, 42], 0, 0, 0), 2).labels]).toEqual([42]);
});

test('a file that is cut short is refused', () => {
  expect(() => parseCifar(record([1], 1, 2, 3).subarray(1), 1)).toThrow(
    'it has 3072 bytes, which are no whole records of 3073',
  );
  expect(() => parseCifar(new Uint8Array(), 1)).toThrow('it has 0 bytes');
});
