import { describe, expect, test } from 'vitest';
import { LESSONS } from '../../../../../../../coordinator/dashboard/page/study/lessons/texts.ts';
import { LESSONS as RUNS } from '../../../../../../../coordinator/options/lessons.ts';

/** The panels of the two pages, by their ids. */
const CLUSTER = ['tree', 'shares', 'disturb', 'incidents', 'proof', 'speedup'];
const LEARNING = [
  ...['study', 'output', 'backward', 'gradient-flow', 'fresh-net', 'units', 'features'],
  ...['confusion', 'hardest', 'curves'],
];

test('each lesson has a run, and each run a lesson', () => {
  expect(LESSONS.map(({ name }) => name)).toEqual(Object.keys(RUNS));
});

describe.for(LESSONS)('the lesson $name', ({ screens, title, isOfCluster }) => {
  test('is short: a few screens of a few sentences', () => {
    expect(title.length).toBeLessThan(50);
    expect(screens.length).toBeGreaterThanOrEqual(4);
    expect(screens.length).toBeLessThanOrEqual(5);
    for (const { text } of screens) expect(text.length).toBeLessThan(400);
  });

  test('asks questions with one right answer, not always the same, and replies to each', () => {
    const right = screens.map(({ answers }) => answers.findIndex(({ isRight }) => isRight));
    for (const { question, answers } of screens) {
      expect(question).toMatch(/\?$/);
      expect(answers.length).toBe(3);
      expect(answers.filter(({ isRight }) => isRight)).toHaveLength(1);
      for (const { reply } of answers) expect(reply).toMatch(/\.$/);
    }
    expect(new Set(right).size).toBeGreaterThan(1);
  });

  test('speaks of panels of the page that it is on', () => {
    const known = isOfCluster ? CLUSTER : LEARNING;
    for (const { panels } of screens) {
      expect(panels.length).toBeGreaterThan(0);
      for (const id of panels) expect(known).toContain(id);
    }
  });
});
