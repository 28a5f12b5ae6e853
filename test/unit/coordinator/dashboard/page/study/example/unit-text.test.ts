import { describe, expect, test } from 'vitest';
import {
  changeText,
  deltaText,
  mostText,
} from '../../../../../../../coordinator/dashboard/page/study/example/unit-text.ts';
import { ACTIVATIONS } from '../../../../../../../shared/engine/kernels.ts';
import { studyUnit } from '../../../../../../../shared/study/unit-study.ts';
import { openStudiedNet, type StudiedNet } from '../../../../../../support/toy-study.ts';

function unitOf(name: StudiedNet, column: number, unit: number) {
  const { lab, pixels } = openStudiedNet(name);
  return studyUnit(lab.studyExample(pixels, 1), lab.parameters, { column, unit });
}
const numbers = { before: -0.5, after: 0.25, slope: 0.125, norm: undefined };

describe('how a value changes', () => {
  test.for(ACTIVATIONS)('by %s', (name) => {
    const text = changeText({ ...numbers, spec: { type: 'activation', function: name } });
    expect(text).toMatch(/^a = f\(z\) = .+ = 0\.2500\. The slope f′\(z\) = .+: 0\.1250\.$/);
  });

  test('by a batch normalization, with brackets around what is negative', () => {
    const norm = { mean: -1, variance: 4, scale: 2, shift: -0.5 };
    expect(changeText({ ...numbers, norm, spec: { type: 'batch-norm' } })).toContain(
      '= (−0.5000 − (−1)) / √(4 + ε) · 2 + (−0.5000) = 0.2500',
    );
  });

  test('not by dropout, which is for training', () => {
    const text = changeText({ ...numbers, spec: { type: 'dropout', rate: 0.3 } });
    expect(text).toContain('Dropout drops nothing here');
  });
});

describe('δ', () => {
  test('of an output is its difference from the target', () => {
    const unit = { ...unitOf('sigmoid', 3, 0), delta: 0.8, error: 0.8 };
    expect(deltaText({ ...unit, output: { value: 0.8, target: 0 } })).toBe(
      'δ = output − target = 0.8000 − 0 = 0.8000',
    );
    const number = { ...unit, delta: -0.0216, output: { value: -1.6, target: -1.57846403 } };
    expect(deltaText(number)).toBe('δ = output − target = −1.600 − (−1.578) = −0.02160');
  });

  test('of a hidden unit is a product with the slopes', () => {
    const change = { ...numbers, spec: { type: 'dropout', rate: 0 } as const };
    const unit = { ...unitOf('sigmoid', 1, 0), error: 2, delta: -0.25, changes: [change] };
    expect(deltaText(unit)).toBe('δ = ∂L/∂a · slope = 2 · 0.1250 = −0.2500');
    expect(deltaText({ ...unit, changes: [] })).toContain('because the slope is 1');
    expect(deltaText({ ...unit, error: null })).toBe('');
  });
});

describe('the weight that changes most', () => {
  const nameOf = (from: number) => `unit ${from}`;

  test('into an output comes from the most active unit, because all share δ', () => {
    const unit = unitOf('sigmoid', 3, 2);
    const values = unit.forward.map(({ value }) => Math.abs(value));
    const most = values.indexOf(Math.max(...values));
    expect(mostText(unit, nameOf)).toContain(`The weight from unit ${most} changes most, `);
    expect(mostText(unit, nameOf)).toContain((unit.delta ?? 0) > 0 ? 'down' : 'up');
    expect(mostText(unit, nameOf)).toContain('is the largest.');
  });

  test('of a kernel is a sum over positions', () => {
    expect(mostText(unitOf('convolutional', 1, 30), nameOf)).toContain('sum over all positions');
  });

  test('is none where nothing changes, or nothing is trained', () => {
    const unit = unitOf('sigmoid', 3, 2);
    const still = unit.forward.map((term) => ({ ...term, gradient: 0 }));
    expect(mostText({ ...unit, forward: still }, nameOf)).toContain('No weight');
    expect(mostText(unitOf('convolutional', 2, 1), nameOf)).toBeUndefined();
    expect(mostText(unitOf('sigmoid', 0, 1), nameOf)).toBeUndefined();
  });
});
