import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  createBackward,
  keyOf,
  type ToyPageStudy,
  toyPageStudy,
} from '../../../../../../support/toy-page-study.ts';
import { openStudiedNet } from '../../../../../../support/toy-study.ts';

const { plan, lab, pixels } = openStudiedNet('sigmoid');
const example = lab.studyExample(pixels, 1);
const FIRST = { set: 'test', index: 0 };
let study: ToyPageStudy;
let backward: ReturnType<typeof createBackward>;

beforeEach(() => {
  vi.useFakeTimers();
  study = toyPageStudy({ config: { model: plan.spec } });
  study.results.set(keyOf('example', FIRST), { value: example, step: 5 });
  backward = createBackward(study);
});

afterEach(() => vi.useRealTimers());

const stage = () => backward.look()?.stage;
/** Each column has a stage forward and one backward. */
const lastStage = () => 2 * (backward.look()?.columns.length ?? 0) - 1;

test('nothing is shown before the example is computed', () => {
  study.results.clear();
  expect(backward.look()).toBeUndefined();
  backward.want();
  expect(study.wanted).toEqual([keyOf('example', FIRST)]);
});

test('it begins with everything shown, at the output that is to decrease most', () => {
  const state = backward.look();
  expect(stage()).toBe(lastStage());
  const tooMuch = [...example.outputs].map((output, i) => output - example.targets[i]);
  const unit = tooMuch.indexOf(Math.max(...tooMuch));
  expect(state?.chosen).toEqual({ column: (state?.columns.length ?? 0) - 1, unit });
  backward.want();
  expect(study.wanted.at(-1)).toBe(keyOf('unit', { ...FIRST, ...state?.chosen }));
});

test('it begins at the only output, also where that is below its target', () => {
  const of = { ...example, outputs: Float32Array.of(-1.6), targets: Float32Array.of(-1.5) };
  study.results.set(keyOf('example', FIRST), { value: { ...of, label: -1.5 }, step: 5 });
  expect(backward.look()?.chosen.unit).toBe(0);
});

test('the columns of an example are made once', () => {
  expect(backward.look()?.columns).toBe(backward.look()?.columns);
});

test('a reader goes by stages, and no further than the first and the last', () => {
  backward.goTo(0);
  backward.stepBy(-1);
  expect(stage()).toBe(0);
  backward.stepBy(1);
  expect(stage()).toBe(1);
  backward.goTo(999);
  expect(stage()).toBe(lastStage());
  backward.stepBy(-1);
  expect(stage()).toBe(lastStage() - 1);
});

test('it plays from the start to the end, and stops there', () => {
  backward.play();
  expect(backward.look()).toMatchObject({ stage: 0, isPlaying: true });
  vi.advanceTimersByTime(1500);
  expect(stage()).toBe(1);
  vi.advanceTimersByTime(60_000);
  expect(backward.look()).toMatchObject({ stage: lastStage(), isPlaying: false });
});

test('a step by hand stops the play, and so does the button', () => {
  for (const stop of [() => backward.stepBy(1), () => backward.play()]) {
    backward.goTo(0);
    backward.play();
    stop();
    expect(backward.look()?.isPlaying).toBe(false);
    const at = stage();
    vi.advanceTimersByTime(60_000);
    expect(stage()).toBe(at);
  }
});

test('another unit closes the weight and the channel of the one before', () => {
  backward.pick({ column: 1, unit: 2 });
  backward.pickWeight(7);
  backward.pickChannel(1);
  backward.orderBy('place' as never);
  expect(backward.look()).toMatchObject({ parameter: 7, channel: 1, order: 'place' });
  backward.want();
  const place = { ...FIRST, column: 1, unit: 2 };
  expect(study.wanted.at(-1)).toBe(keyOf('unit', { ...place, parameter: 7 }));
  backward.pickWeight(7);
  expect(backward.look()?.parameter).toBeUndefined();
  backward.pickWeight(8);
  backward.pick({ column: 1, unit: 3 });
  expect(backward.look()).toMatchObject({
    chosen: { column: 1, unit: 3 },
    parameter: undefined,
    channel: undefined,
    order: 'place',
  });
});
