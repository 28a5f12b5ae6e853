import { expect, test } from 'vitest';
import { emptyView } from '../../../../../../coordinator/dashboard/model/run-view.ts';
import {
  isSame,
  watchReplacement,
} from '../../../../../../coordinator/dashboard/page/study/replacement.ts';

const viewFrom = (source: string) => ({
  ...emptyView(),
  cursor: { ...emptyView().cursor, source } as never,
});

test('a page asks which run it is when its stream comes from elsewhere, once', () => {
  const run = { view: emptyView() };
  const watch = watchReplacement(run, new EventTarget());
  run.view = viewFrom('a');
  expect(watch.isToAsk()).toBe(false);
  run.view = viewFrom('b');
  expect([watch.isToAsk(), watch.isToAsk()]).toEqual([true, false]);
});

test('a page asks when its reader comes back, once', () => {
  const page = new EventTarget();
  const watch = watchReplacement({ view: viewFrom('a') }, page);
  expect(watch.isToAsk()).toBe(false);
  page.dispatchEvent(new Event('focus'));
  expect([watch.isToAsk(), watch.isToAsk()]).toEqual([true, false]);
});

test('two configurations are the same whatever the order of their names', () => {
  expect(isSame({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 })).toBe(true);
  expect(isSame({ a: 1 }, { a: 1, b: undefined })).toBe(true);
  for (const other of [{ a: 2 }, { a: [1] }, { a: null }, null, {}, { a: 1, b: 0 }])
    expect(isSame({ a: 1 }, other)).toBe(false);
});
