import { describe, expect, test } from 'vitest';
import {
  backgroundOf,
  boxOf,
  framingOf,
  type GrayImage,
  grayOf,
  inverted,
  isLight,
  massCenter,
  netInput,
  onBlack,
} from '../../../../../../../coordinator/dashboard/page/study/own/net-input.ts';

/** A black image with a white rectangle. */
function rectangle(
  [width, height]: [number, number],
  [left, top, right, bottom]: [number, number, number, number],
): GrayImage {
  const values = new Uint8Array(width * height);
  for (let y = top; y < bottom; y++) values.fill(255, y * width + left, y * width + right);
  return { width, height, values };
}

const shape = { height: 4, width: 4, channels: 1 };
const rowsOf = (values: Uint8Array, width: number) =>
  Array.from({ length: values.length / width }, (_, y) => [
    ...values.subarray(y * width, (y + 1) * width),
  ]);

test('colors become gray as the eye weighs them', () => {
  const rgba = Uint8ClampedArray.of(255, 255, 255, 255, 255, 0, 0, 255, 0, 255, 0, 255);
  expect([...grayOf(rgba, 3, 1).values]).toEqual([255, 76, 150]);
});

test('a light background is noticed, and can be made dark', () => {
  const dark = rectangle([10, 10], [3, 3, 7, 7]);
  expect([backgroundOf(dark), isLight(dark)]).toEqual([0, false]);
  expect([backgroundOf(inverted(dark)), isLight(inverted(dark))]).toEqual([255, true]);
  expect(inverted(inverted(dark))).toEqual(dark);
});

test('a gray background becomes black, and the lightest part white', () => {
  const image = { width: 3, height: 3, values: Uint8Array.of(40, 40, 40, 40, 200, 40, 40, 40, 40) };
  expect([...onBlack(image).values]).toEqual([0, 0, 0, 0, 255, 0, 0, 0, 0]);
  const even = { ...image, values: new Uint8Array(9).fill(40) };
  expect(onBlack(even)).toEqual(even);
});

test('box and center of what is in an image', () => {
  const image = rectangle([10, 8], [2, 3, 6, 5]);
  expect(boxOf(image)).toEqual({ left: 2, top: 3, right: 6, bottom: 5 });
  expect(massCenter(image)).toEqual({ x: 4, y: 4 });
  const empty = rectangle([10, 8], [0, 0, 0, 0]);
  expect([boxOf(empty), massCenter(empty)]).toEqual([undefined, undefined]);
});

describe('the input of a net', () => {
  test('is the mean over the area of each pixel', () => {
    const image = rectangle([8, 8], [0, 0, 3, 2]);
    expect(rowsOf(netInput(image, shape, undefined), 4)).toEqual([
      [255, 128, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  test('keeps an image of its own size', () => {
    const image = { width: 4, height: 4, values: new Uint8Array(16).map((_, i) => 16 * i) };
    expect(netInput(image, shape, undefined)).toEqual(image.values);
  });

  test('may be larger than the image', () => {
    const image = { width: 2, height: 2, values: Uint8Array.of(1, 2, 3, 4) };
    expect(rowsOf(netInput(image, shape, undefined), 4)).toEqual([
      [1, 1, 2, 2],
      [1, 1, 2, 2],
      [3, 3, 4, 4],
      [3, 3, 4, 4],
    ]);
  });

  test('has the size and the place that the dataset asks for', () => {
    const framing = { size: 0.5, x: 0.5, y: 0.5 };
    for (const left of [0, 20, 70]) {
      const image = rectangle([100, 100], [left, 10, left + 20, 30]);
      expect(rowsOf(netInput(image, shape, framing), 4)).toEqual([
        [0, 0, 0, 0],
        [0, 255, 255, 0],
        [0, 255, 255, 0],
        [0, 0, 0, 0],
      ]);
    }
  });

  test('cuts nothing off, even if the mass lies at the edge', () => {
    const image = rectangle([100, 100], [10, 10, 90, 14]);
    for (let y = 14; y < 90; y++) image.values[y * 100 + 10] = 255;
    const input = netInput(image, shape, { size: 1, x: 0.5, y: 0.5 });
    expect(rowsOf(input, 4)[0].every((value) => value > 0)).toBe(true);
    expect(rowsOf(input, 4).every(([first]) => first > 0)).toBe(true);
  });

  test('is black if nothing is drawn', () => {
    const empty = rectangle([10, 10], [0, 0, 0, 0]);
    expect(netInput(empty, shape, { size: 1, x: 0.5, y: 0.5 })).toEqual(new Uint8Array(16));
  });

  test('may be wider than high', () => {
    const wide = { height: 2, width: 4, channels: 1 };
    const input = netInput(rectangle([8, 4], [0, 0, 2, 2]), wide, undefined);
    expect(rowsOf(input, 4)).toEqual([
      [255, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });
});

test('examples tell how large things are and where they lie', () => {
  const images = [
    rectangle([4, 4], [1, 1, 3, 3]),
    rectangle([4, 4], [0, 1, 2, 3]),
    rectangle([4, 4], [0, 0, 0, 0]),
  ];
  const pixels = Uint8Array.from(images.flatMap(({ values }) => [...values]));
  const set = { count: 3, labels: new Uint8Array(3), inputs: pixels };
  expect(framingOf(set, shape)).toEqual({ size: 0.5, x: 0.375, y: 0.5 });
  const none = { count: 1, labels: new Uint8Array(1), inputs: new Uint8Array(16) };
  expect(framingOf(none, shape)).toEqual({ size: 1, x: 0.5, y: 0.5 });
});
