import { describe, expect, test } from 'vitest';
import {
  addShares,
  nameOfRow,
  rankOfRow,
  SHARE_ROWS,
  sharesTable,
  sharesTitle,
  toParts,
} from '../../../../../../coordinator/dashboard/page/cluster/shares-text.ts';
import { createStepHistory } from '../../../../../../coordinator/dashboard/steps/step-history.ts';
import { toyBucket, toyView } from '../../../../../support/toy-view.ts';

const shares = new Map([
  [0, 8],
  [3, 4],
  [-1, 2],
  [16, 1],
  [40, 1],
]);

function viewOf(stepCount: number, overrides: Parameters<typeof toyView>[0] = {}) {
  const history = createStepHistory();
  for (let step = 0; step < stepCount; step++) history.add([toyBucket(step, { shares })]);
  return toyView({ history, ...overrides });
}

const incident = (id: number, kind: string, step: number, message: string) => ({
  ...{ id, revision: id, time: 0, step, kind, message, count: 1 },
  ...{ firstTime: 0, firstStep: step },
});

test('the rows of the ribbon are the ranks, the others and the coordinator', () => {
  const values = new Float64Array(SHARE_ROWS);
  addShares(values, toyBucket(0, { shares }));
  const named = [...values].flatMap((value, row) => (value > 0 ? [[nameOfRow(row), value]] : []));
  expect(named).toEqual([
    ['rank 0', 8],
    ['rank 3', 4],
    ['others', 2],
    ['coordinator', 2],
  ]);
  expect([0, 15, 16, 17].map(rankOfRow)).toEqual([0, 15, undefined, null]);
  toParts(values);
  expect([values[0], values[3], values[17]]).toEqual([0.5, 0.25, 0.125]);
  const none = new Float64Array(2);
  toParts(none);
  expect([...none]).toEqual([0, 0]);
});

describe('the title of the shares', () => {
  test('tells the last change of the workers', () => {
    const incidents = [
      incident(0, 'joined', 0, 'rank 0 (ada) joined; 1 worker'),
      incident(1, 'left', 3, 'rank 0 (ada) left: killed; 1 worker'),
      incident(2, 'late', 4, 'rank 1 late'),
    ];
    const title = sharesTitle(viewOf(5, { incidents }));
    expect(title).toBe('At step 3, rank 0 (ada) left: killed; 1 worker.');
  });

  test('tells among how many the work is divided, if nothing has changed', () => {
    const incidents = [incident(0, 'joined', 0, 'rank 0 (ada) joined; 1 worker')];
    const titleOf = (worldSize: number) =>
      sharesTitle(viewOf(5, { incidents, status: { worldSize } }));
    expect(titleOf(3)).toMatch(/divided among 3 workers\.$/);
    expect(titleOf(1)).toMatch(/^One worker /);
  });

  test('says why there is nothing to see', () => {
    expect(sharesTitle(viewOf(0))).toMatch(/^No step/);
    expect(sharesTitle(viewOf(5, { facts: { hasCluster: false } }))).toMatch(/^One process/);
  });
});

test('the table has a column for each rank that gave something', () => {
  const { columns, rows } = sharesTable(viewOf(2));
  expect(columns.map(({ name }) => name)).toEqual([
    ...['from step', 'to step', 'rank 0', 'rank 3', 'others', 'coordinator'],
  ]);
  expect(rows).toEqual([
    [0, 0, 8, 4, 2, 2],
    [1, 1, 8, 4, 2, 2],
  ]);
  expect(sharesTable(viewOf(0)).rows).toEqual([]);
});
