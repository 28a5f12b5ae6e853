import { beforeEach, expect, test } from 'vitest';
import {
  createOutputState,
  STEPS_MAX,
} from '../../../../../../../coordinator/dashboard/page/study/output/output-state.ts';
import {
  keyOf,
  type ToyPageStudy,
  toyPageStudy,
} from '../../../../../../support/toy-page-study.ts';

const FIRST = { set: 'test', index: 0 };
const targets = Float32Array.of(0, 1, 0);
let study: ToyPageStudy;
let state: ReturnType<typeof createOutputState>;

/** The engine has computed the outputs of an example with the parameters of a step. */
function compute(step: number, outputs: number[], example = FIRST): void {
  study.step = step;
  const value = { outputs: Float32Array.from(outputs), targets };
  study.results.set(keyOf('example', example), { value, step });
}

const outputs = () => state.look().differences.map(({ output }) => Number(output.toFixed(2)));

beforeEach(() => {
  study = toyPageStudy({ config: { learningRate: { peak: 0.05 } } });
  state = createOutputState(study);
});

test('nothing is asked before there are outputs', () => {
  expect(state.look()).toMatchObject({ differences: [], isOpen: false, argument: FIRST });
  state.want();
  expect(study.wanted).toEqual([keyOf('example', FIRST)]);
});

test('the outputs of a question hold still until the reader wants newer ones', () => {
  compute(5, [0.8, 0.1, 0.1]);
  expect(state.look()).toMatchObject({ isOpen: true, askedAt: undefined });
  compute(9, [0.1, 0.1, 0.8]);
  expect(outputs()).toEqual([0.8, 0.1, 0.1]);
  expect(state.look()).toMatchObject({ isOpen: true, askedAt: 5 });
  // The answer is judged by what the reader has seen.
  state.tell(0);
  expect(outputs()).toEqual([0.8, 0.1, 0.1]);
  expect(state.look()).toMatchObject({ isOpen: false, chosen: 0, askedAt: 5 });
  state.follow();
  expect(outputs()).toEqual([0.1, 0.1, 0.8]);
  expect(state.look()).toMatchObject({ isOpen: true, chosen: undefined, askedAt: undefined });
});

test('an answer belongs to its example', () => {
  compute(5, [0.8, 0.1, 0.1]);
  state.look();
  state.tell(2);
  study.choose({ index: 1 });
  compute(5, [0.2, 0.3, 0.5], { set: 'test', index: 1 });
  expect(state.look()).toMatchObject({ isOpen: true, chosen: undefined });
  expect(outputs()).toEqual([0.2, 0.3, 0.5]);
});

test('who wants to be told is not asked again, and sees the newest outputs', () => {
  compute(5, [0.8, 0.1, 0.1]);
  state.look();
  state.tell(undefined);
  compute(9, [0.5, 0.4, 0.1]);
  expect(state.look()).toMatchObject({ isOpen: false, chosen: undefined, askedAt: undefined });
  expect(outputs()).toEqual([0.5, 0.4, 0.1]);
});

test('an example that is known is not asked about', () => {
  compute(5, [0, 1, 0]);
  expect(state.look().isOpen).toBe(false);
});

test('steps are taken with the chosen rate, and their net holds still', () => {
  compute(5, [0.8, 0.1, 0.1]);
  expect(state.look()).toMatchObject({ rate: 0.05, rates: [0.005, 0.05, 0.5, 5, 50] });
  state.take(1);
  state.useRate(5);
  expect(study.held).toBe(1);
  state.want();
  const argument = { ...FIRST, rate: 5, steps: 1 };
  expect(study.wanted.at(-1)).toBe(keyOf('nudge', argument));
  expect(state.look()).toMatchObject({ stepCount: 1, rate: 5, nudged: undefined });
  const after = [
    [0.7, 0.2, 0.1],
    [0.1, 0.8, 0.1],
  ].map((all) => Float32Array.from(all));
  study.results.set(keyOf('nudge', argument), {
    step: 5,
    value: { outputs: after, losses: [2, 1] },
  });
  expect(outputs()).toEqual([0.7, 0.2, 0.1]);
  expect(state.look().nudged).toEqual({ after: after[1], losses: [2, 1] });
  state.take(STEPS_MAX);
  expect(state.look().stepCount).toBe(STEPS_MAX);
  state.take(-STEPS_MAX);
  expect(state.look().stepCount).toBe(0);
  state.useRate(7);
  expect(state.look().rate).toBe(0.05);
});
