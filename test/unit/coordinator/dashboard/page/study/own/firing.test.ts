import { expect, test } from 'vitest';
import {
  firingLayers,
  tilingOf,
} from '../../../../../../../coordinator/dashboard/page/study/own/firing.ts';
import type { ExampleStudy } from '../../../../../../../shared/study/example-study.ts';

const layer = (spec: object, values: number[]) => ({
  planned: { spec, name: 'activation1', output: { height: 1, width: 1, channels: values.length } },
  values: Float32Array.from(values),
});
const studyOf = (...layers: object[]) => ({ layers }) as unknown as ExampleStudy;

test('units fire above 0, those of sigmoid above a half', () => {
  const values = [0.25, 0, -1, 0.75];
  const firing = (name: string) =>
    firingLayers(studyOf(layer({ type: 'activation', function: name }, values)))[0].firing;
  expect([firing('relu'), firing('tanh'), firing('sigmoid')]).toEqual([2, 2, 1]);
});

test('the strongest units come first, and other layers are left out', () => {
  const [found, ...others] = firingLayers(
    studyOf(
      layer({ type: 'dense', outputs: 4 }, [9, 9, 9, 9]),
      layer({ type: 'activation', function: 'relu' }, [1, 4, 2, 3]),
    ),
  );
  expect(others).toEqual([]);
  expect(found.strongest.map(({ unit }) => unit)).toEqual([1, 3, 2]);
  expect(firingLayers(studyOf(layer({ type: 'dense', outputs: 1 }, [1])))).toEqual([]);
});

test.for([
  [
    { height: 1, width: 1, channels: 256 },
    { columns: 45, rows: 6 },
  ],
  [
    { height: 28, width: 28, channels: 16 },
    { columns: 11, rows: 2 },
  ],
  [
    { height: 1, width: 1, channels: 2 },
    { columns: 2, rows: 1 },
  ],
] as const)('the picture of %j has tiles %j', ([shape, tiling]) => {
  expect(tilingOf(shape, 8)).toEqual(tiling);
});
