import { describe, expect, test } from 'vitest';
import type { ModelPlan } from '../../../../shared/engine/model/model-plan.ts';
import { studyColumns } from '../../../../shared/study/columns.ts';
import type { ExampleStudy } from '../../../../shared/study/example-study.ts';
import { studyUnit, type UnitStudy } from '../../../../shared/study/unit-study.ts';
import figures from '../../../fixtures/pytorch-examples.json' with { type: 'json' };
import { expectGradient, numericGradient } from '../../../support/numeric-gradient.ts';
import { openStudiedNet, STUDIED_NETS, type StudiedNet } from '../../../support/toy-study.ts';

const PYTORCH = ['sigmoid', 'relu', 'convolutional'] as const;
const ALL = Object.keys(STUDIED_NETS) as StudiedNet[];

/** Sums of f32 numbers, in another order. */
function expectClose(actual: number, expected: number, what = ''): void {
  const tolerance = 2e-5 * (1 + Math.abs(expected));
  expect(Math.abs(actual - expected), `${what} ${actual} for ${expected}`).toBeLessThan(tolerance);
}

function expectAllClose(actual: Iterable<number>, expected: readonly number[], what: string) {
  const values = [...actual];
  expect(values).toHaveLength(expected.length);
  for (const [i, value] of values.entries()) expectClose(value, expected[i], what);
}

const sumOf = (terms: readonly { readonly product: number }[]): number =>
  terms.reduce((sum, { product }) => sum + product, 0);

describe.for(PYTORCH)('a net that PyTorch has computed, too: %s', (name) => {
  const expected = figures[name];
  const { lab, plan } = openStudiedNet(name, expected.parameters);
  const study = lab.studyExample(Uint8Array.from(expected.pixels), expected.label);

  test('has its outputs, values, deltas and gradient', () => {
    expectClose(study.loss, expected.loss, 'loss');
    expectAllClose(study.outputs, expected.outputs, 'output');
    expect(study.layers).toHaveLength(expected.values.length);
    for (const [i, { values, deltas, planned }] of study.layers.entries()) {
      expectAllClose(values, expected.values[i], `value of ${planned.name}`);
      expectAllClose(deltas, expected.deltas[i], `delta of ${planned.name}`);
    }
    const trained = study.gradient.subarray(0, plan.trainedCount);
    expectAllClose(trained, expected.gradient, 'gradient');
  });

  test('has the derivative of one weight as a sum of a · δ', () => {
    const parameters = lab.parameters;
    const column = 1;
    const { forward } = studyUnit(study, parameters, { column, unit: 5 });
    const { parameter } = forward[2];
    if (parameter === null) throw new Error('a trained weight has a place');
    const { weight } = studyUnit(study, parameters, { column, unit: 5, parameter });
    expectClose(sumOf(weight?.terms ?? []), expected.gradient[parameter]);
    expect(weight?.terms.length).toBe(name === 'convolutional' ? 72 - 9 : 1);
  });
});

/** Each unit of a net with its study. */
function unitsOf(study: ExampleStudy, { spec }: ModelPlan, parameters: Float32Array) {
  return studyColumns(study, spec.input).flatMap((column, at) =>
    Array.from(column.values, (_, unit) => {
      const found = studyUnit(study, parameters, { column: at, unit });
      return { at, unit, column, found };
    }),
  );
}

describe.for(ALL)('the chain rule of a net: %s', (name) => {
  const { lab, plan, parameters, pixels } = openStudiedNet(name);
  const study = lab.studyExample(pixels, 1);
  const units = unitsOf(study, plan, lab.parameters);
  const last = studyColumns(study, plan.spec.input).length - 1;

  test('adds up forward to z of each unit, which the changes lead to a', () => {
    for (const { at, unit, column, found } of units) {
      expect(found.sum).toBe(column.sums[unit]);
      expect(found.value).toBe(column.values[unit]);
      if (at > 0) expectClose(forwardSum(found), found.sum, `z of ${at} ${unit}`);
      let value = found.sum;
      for (const { before, after, norm } of found.changes) {
        expect(before).toBe(value);
        if (norm) {
          const root = Math.sqrt(norm.variance + 1e-5);
          expectClose(((before - norm.mean) / root) * norm.scale + norm.shift, after, 'norm');
        }
        value = after;
      }
      expect(value).toBe(found.value);
    }
  });

  test('adds up backward to the error of each unit, and times the slope to δ', () => {
    for (const { at, unit, column, found } of units) {
      const { error, delta, backward, changes } = found;
      expect(delta).toBe(column.deltas?.[unit] ?? null);
      if (error === null) continue;
      if (at === last) {
        expect(found.output).toEqual({
          value: study.outputs[unit],
          target: study.targets[unit],
        });
        expectClose(error, study.outputs[unit] - study.targets[unit], 'output');
      } else expectClose(sumOf(backward), error, `error of ${at} ${unit}`);
      const slope = changes.reduce((product, change) => product * change.slope, 1);
      expectClose(slope, column.slopes?.[unit] ?? 1, 'slope');
      const { spec } = found;
      if (spec?.type === 'dense') expectClose(found.biasGradient ?? 1, delta ?? 0);
      if (delta !== null) expectClose(error * slope, delta, `δ of ${at} ${unit}`);
    }
  });

  test('gives each weight its derivative as Σ a·δ over the places where it is used', () => {
    let seen = 0;
    for (const { at, unit, found } of units.filter(({ found }) => found.forward.length > 0)) {
      const { parameter, gradient } = found.forward[unit % found.forward.length];
      if (parameter === null) continue;
      const { weight } = studyUnit(study, lab.parameters, { column: at, unit, parameter });
      expect(weight?.gradient).toBe(gradient);
      expect(weight?.weight).toBe(lab.parameters[parameter]);
      expect(weight?.terms.some(({ to }) => to === unit)).toBe(true);
      expectClose(sumOf(weight?.terms ?? []), study.gradient[parameter], `weight ${parameter}`);
      seen++;
    }
    expect(seen).toBeGreaterThan(10);
  });

  test('has a gradient that central differences confirm', () => {
    const changed = parameters.slice();
    const numeric = numericGradient(changed, () => {
      lab.load(changed);
      return lab.studyExample(pixels, 1).loss;
    });
    lab.load(parameters);
    expectGradient(
      study.gradient.subarray(0, plan.trainedCount),
      numeric.slice(0, plan.trainedCount),
    );
  });
});

const forwardSum = ({ forward, bias }: UnitStudy): number => sumOf(forward) + (bias ?? 0);
