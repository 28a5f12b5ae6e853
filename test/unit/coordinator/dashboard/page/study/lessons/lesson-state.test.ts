import { afterEach, expect, test, vi } from 'vitest';
import {
  firstLesson,
  goTo,
} from '../../../../../../../coordinator/dashboard/page/study/lessons/lesson-state.ts';
import { LESSONS } from '../../../../../../../coordinator/dashboard/page/study/lessons/texts.ts';

const [neuron, step] = LESSONS;

/** A browser that keeps things for its tab. */
function stubStorage() {
  const kept = new Map<string, string>();
  const sessionStorage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  vi.stubGlobal('sessionStorage', sessionStorage);
}

afterEach(() => vi.unstubAllGlobals());

test('the address names a lesson, which the tab remembers', () => {
  stubStorage();
  expect(firstLesson('?learning&lesson=toast').lesson).toBeUndefined();
  expect(firstLesson('?learning').lesson).toBeUndefined();
  const begun = { lesson: step, at: 0, chosen: undefined };
  expect(firstLesson('?learning&lesson=step')).toEqual(begun);
  expect(firstLesson('?learning')).toEqual(begun);
});

test('a reader who comes back is where they were', () => {
  stubStorage();
  goTo(neuron, 2);
  expect(firstLesson('?learning')).toMatchObject({ lesson: neuron, at: 2 });
  expect(firstLesson('?learning&lesson=neuron')).toMatchObject({ lesson: neuron, at: 2 });
  expect(firstLesson('?learning&lesson=step')).toMatchObject({ lesson: step, at: 0 });
  goTo(undefined);
  expect(firstLesson('?learning').lesson).toBeUndefined();
});

test('a screen that is not there is the first one', () => {
  stubStorage();
  expect(goTo(step, 99).at).toBe(0);
  expect(goTo(step, Number.NaN).at).toBe(0);
});
