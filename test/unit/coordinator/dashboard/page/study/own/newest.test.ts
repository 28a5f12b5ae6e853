import { expect, test } from 'vitest';
import { newestOnly } from '../../../../../../../coordinator/dashboard/page/study/own/newest.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test('while one value is worked on, only the newest of the others waits', async () => {
  const worked: number[] = [];
  let finish = () => {};
  const give = newestOnly((value: number) => {
    worked.push(value);
    return new Promise((resolve) => {
      finish = resolve;
    });
  });
  for (const value of [1, 2, 3]) give(value);
  expect(worked).toEqual([1]);
  finish();
  await settle();
  expect(worked).toEqual([1, 3]);
  finish();
  await settle();
  give(4);
  expect(worked).toEqual([1, 3, 4]);
});
