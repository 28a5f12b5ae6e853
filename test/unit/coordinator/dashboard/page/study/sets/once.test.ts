import { expect, test } from 'vitest';
import { once } from '../../../../../../../coordinator/dashboard/page/study/sets/once.ts';

test('a value is computed once for each object', () => {
  let calls = 0;
  const lengthOf = once((list: number[]) => {
    calls++;
    return list.length || undefined;
  });
  const [empty, two] = [[], [1, 2]];
  for (const turn of [1, 2])
    expect([lengthOf(empty), lengthOf(two)], `${turn}`).toEqual([undefined, 2]);
  expect(calls).toBe(2);
});
