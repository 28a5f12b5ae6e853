import { expect, test } from 'vitest';
import type { StudyAccess } from '../../../../../../../coordinator/dashboard/page/study/access.ts';
import { WholeSets } from '../../../../../../../coordinator/dashboard/page/study/sets/whole-set.ts';

/** Studies whose examples are right if their index is even. */
function createStudies(count: number) {
  const asked: string[] = [];
  const used: Float32Array[] = [];
  const studies = {
    opened: { counts: { test: count }, plan: { inputCount: 4 } },
    step: 7,
    parameters: Float32Array.of(1),
    async fetchExamples(_set: string, chosen: string) {
      asked.push(chosen);
      const [from, size] = chosen.split('&').map((part) => Number(part.split('=')[1]));
      const here = Math.min(size, count - from);
      return { count: here, labels: new Uint8Array(here), inputs: new Uint8Array(4 * here) };
    },
    async perform(_name: string, { parameters, examples }: never) {
      used.push(parameters);
      const { count: here } = examples as { count: number };
      return {
        labels: new Uint8Array(here),
        predictions: new Uint8Array(here).map((_, i) => i % 2),
        losses: new Float32Array(here),
        confidences: new Float32Array(here),
      };
    },
  };
  return { studies, asked, used };
}

const wholeOf = (studies: object, changed: () => void = () => {}) =>
  new WholeSets(studies as unknown as StudyAccess, changed);

test('a whole set is evaluated in parts with the same parameters', async () => {
  const { studies, asked, used } = createStudies(5000);
  const done: (number | undefined)[] = [];
  const whole = wholeOf(studies, () => done.push(whole.of('test').doneCount));
  const [before] = [studies.parameters];
  const evaluating = whole.evaluate('test');
  Object.assign(studies, { step: 8, parameters: Float32Array.of(2) });
  await evaluating;
  expect(asked).toEqual(['from=0&count=2000', 'from=2000&count=2000', 'from=4000&count=2000']);
  expect(used).toEqual([before, before, before]);
  expect(done).toEqual([0, 2000, 4000, 5000, undefined]);
  const { result, isShown } = whole.of('test');
  expect(isShown).toBe(true);
  expect(result?.step).toBe(7);
  expect(result?.value.labels).toHaveLength(5000);
  whole.leave('test');
  expect(whole.of('test').isShown).toBe(false);
});

test('large images come in smaller parts', async () => {
  const { studies, asked } = createStudies(3);
  studies.opened.plan.inputCount = 2 ** 22;
  await wholeOf(studies).evaluate('test');
  expect(asked).toEqual(['from=0&count=2', 'from=2&count=2']);
});

test('a failure is told, and what was known stays', async () => {
  const { studies } = createStudies(100);
  const whole = wholeOf(studies);
  await whole.evaluate('test');
  studies.fetchExamples = () => Promise.reject(new Error('no dataset'));
  await whole.evaluate('test');
  const { problem, result, doneCount } = whole.of('test');
  expect(problem).toBe('no dataset');
  expect(doneCount).toBeUndefined();
  expect(result?.step).toBe(7);
});
