import { expect, test } from 'vitest';
import {
  examplesIn,
  Pictures,
} from '../../../../../../coordinator/dashboard/page/study/pictures.ts';
import type { StudySet } from '../../../../../../coordinator/study/study-answer.ts';
import { config } from '../../../../../support/toy-checkpoint.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Examples of two pixels, whose values are their index. */
const examplesAt = (indices: readonly number[]) => ({
  count: indices.length,
  labels: Uint8Array.from(indices),
  inputs: Uint8Array.from(indices.flatMap((index) => [index, index])),
});

test('what is looked at together is asked for together, once', async () => {
  const asked: [StudySet, readonly number[]][] = [];
  let changes = 0;
  const pictures = new Pictures(
    async (set, indices) => {
      asked.push([set, indices]);
      return examplesAt(indices);
    },
    () => changes++,
  );
  for (const turn of [1, 2])
    for (const index of [7, 9]) expect(pictures.find('test', index), `${turn}`).toBeUndefined();
  pictures.find('training', 7);
  await settle();
  expect(asked).toEqual([
    ['test', [7, 9]],
    ['training', [7]],
  ]);
  expect(changes).toBe(2);
  expect(pictures.find('test', 9)).toEqual({
    count: 1,
    labels: Uint8Array.of(9),
    inputs: Uint8Array.of(9, 9),
  });
  await settle();
  expect(asked).toHaveLength(2);
});

test('at most a hundred are asked for at once, and the newest are kept', async () => {
  const counts: number[] = [];
  const pictures = new Pictures(
    async (_set, indices) => {
      counts.push(indices.length);
      return examplesAt(indices);
    },
    () => {},
  );
  for (let index = 0; index < 250; index++) pictures.find('test', index);
  await settle();
  expect(counts).toEqual([100, 100, 50]);
  for (let index = 250; index < 500; index++) pictures.find('test', index);
  await settle();
  expect(pictures.find('test', 499)).toBeDefined();
  expect(pictures.find('test', 0)).toBeUndefined();
});

test('a failure is told, and the next look tries again', async () => {
  const problems: (string | undefined)[] = [];
  let isBroken = true;
  const pictures = new Pictures(
    async (_set, indices) => {
      if (isBroken) throw new Error('no dataset');
      return examplesAt(indices);
    },
    (problem) => problems.push(problem),
  );
  pictures.find('test', 3);
  await settle();
  expect(problems).toEqual(['no dataset']);
  isBroken = false;
  pictures.find('test', 3);
  await settle();
  expect(pictures.find('test', 3)?.labels).toEqual(Uint8Array.of(3));
});

test('an answer has labels and indices, and then pixels', () => {
  const answer = new Uint8Array(2 * 8 + 2 * 3);
  new Uint32Array(answer.buffer, 0, 4).set([5, 100, 6, 101]);
  answer.set([1, 2, 3, 4, 5, 6], 16);
  expect(examplesIn(answer.buffer, 3, { kind: 'images', config })).toEqual({
    count: 2,
    labels: Float32Array.of(5, 6),
    inputs: Uint8Array.of(1, 2, 3, 4, 5, 6),
  });
});
