import { expect, test } from 'vitest';
import {
  countOf,
  groupsOf,
  INCIDENT_GROUPS,
  markOf,
} from '../../../../../coordinator/dashboard/model/incident-kinds.ts';

test('each kind is in a group that people can choose, also one that nobody knows', () => {
  expect(groupsOf('lost')).toEqual(['faults', 'workers']);
  expect(groupsOf('joined')).toEqual(['workers']);
  expect(groupsOf('checkpoint')).toEqual(['checkpoints']);
  expect(groupsOf('new kind')).toEqual(['other']);
});

test('a group counts all of its kinds', () => {
  const counts = { lost: 2, joined: 5, late: 30, checkpoint: 4, done: 1 };
  expect(INCIDENT_GROUPS.map((group) => countOf(group, counts))).toEqual([32, 7, 4, 1]);
});

test('some kinds have a mark on the axis', () => {
  expect(['expelled', 'late', 'checkpoint'].map((kind) => markOf({ kind }))).toEqual([
    'audit',
    'late',
    undefined,
  ]);
});
