import { describe, expect, test } from 'vitest';
import type { Incident } from '../../../../../../coordinator/dashboard/model/incident-log.ts';
import {
  accuracyFrame,
  lossFrame,
  lossHeight,
  placeAt,
  placeBeside,
} from '../../../../../../coordinator/dashboard/page/learning/curve-charts.ts';
import {
  type CurveModel,
  type CurveOptions,
  curveModel,
} from '../../../../../../coordinator/dashboard/page/learning/curve-model.ts';
import { toyView } from '../../../../../support/toy-curves.ts';

const options: CurveOptions = {
  xAxis: 'step',
  isLogX: false,
  isLogY: false,
  earlierRuns: [],
  shownRuns: new Set(),
};
const lossAt = (i: number) => 2 / (1 + i / 10);
function modelOf(
  incidents: readonly Incident[] = [],
  more: Partial<CurveOptions> = {},
): CurveModel {
  const view = toyView(
    Array.from({ length: 50 }, (_, i) => lossAt(i)),
    { incidents },
  );
  const model = curveModel(view, { ...options, ...more });
  if (!model) throw new Error('the toy run has no steps');
  return model;
}
const joined: Incident = {
  ...{ id: 1, revision: 1, time: 0, step: 5, kind: 'joined', message: 'one', count: 1 },
  ...{ firstTime: 0, firstStep: 5 },
};

describe('the two charts', () => {
  test('have the same x values above one another', () => {
    for (const isLogX of [false, true]) {
      const logs = { isLogX, isLogY: isLogX };
      const model = modelOf([], logs);
      const [loss, accuracy] = [lossFrame(model, logs, 700), accuracyFrame(model, logs, 700)];
      expect([1, 7, 50].map(loss.x)).toEqual([1, 7, 50].map(accuracy.x));
      expect(loss.xTicks.map(({ pixel }) => pixel)).toEqual(
        accuracy.xTicks.map(({ pixel }) => pixel),
      );
    }
  });

  test('have one row more for a kind of incident, and the lines keep their height', () => {
    const heightOf = (model: CurveModel) => lossFrame(model, options, 700).plot.height;
    expect(lossHeight(modelOf([joined])) - lossHeight(modelOf())).toBe(16);
    expect(heightOf(modelOf([joined]))).toBe(heightOf(modelOf()));
  });

  test('have units: parts in percent, and the name of the x axis below', () => {
    const { yTicks, xTitle } = accuracyFrame(modelOf([], { xAxis: 'examples' }), options, 700);
    expect(xTitle).toBe('examples');
    for (const { text } of yTicks) expect(text).toMatch(/^\d+(\.\d)? %$/);
  });

  test('have no ticks between two steps, but between two epochs', () => {
    const ticksOf = (xAxis: CurveOptions['xAxis']) => {
      const model = curveModel(toyView([2, 1]), { ...options, xAxis });
      return model ? accuracyFrame(model, options, 700).xTicks.map(({ text }) => text) : [];
    };
    expect(ticksOf('step')).toEqual(['0', '1', '2']);
    expect(ticksOf('epoch')).toContain('0.1');
  });
});

describe('the crosshair', () => {
  const model = modelOf();
  const frame = lossFrame(model, options, 700);

  test('takes the step that is nearest to the pointer, and none beside the lines', () => {
    expect(placeAt(model, frame, frame.x(7) + 2)).toBe(7);
    expect(placeAt(model, frame, frame.x(50) + 5)).toBe(50);
    expect(placeAt(model, frame, frame.x(50) + 15)).toBeUndefined();
    expect(placeAt(model, frame, 10)).toBeUndefined();
  });

  test('is led by arrow keys, from the newest step on, and stops at both ends', () => {
    expect(placeBeside(model, undefined, 'ArrowLeft')).toBe(50);
    expect(placeBeside(model, 50, 'ArrowLeft')).toBe(49);
    expect(placeBeside(model, 7, 'ArrowRight')).toBe(8);
    expect(placeBeside(model, 50, 'ArrowRight')).toBeUndefined();
    expect(placeBeside(model, 1, 'ArrowLeft')).toBeUndefined();
    expect(placeBeside(model, 7, 'ArrowUp')).toBe(7);
  });
});
