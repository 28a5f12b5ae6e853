import type { Cursor, RunStatus, Update } from '../../coordinator/dashboard/model/run-view.ts';

export const TOY_STATUS: RunStatus = {
  state: 'training',
  step: 3,
  epoch: 1,
  worldSize: 2,
  examplesPerSecond: 1000,
  secondsLeft: 9,
  trainLoss: 0.5,
  fingerprint: null,
  chain: null,
  counters: null,
  workers: [],
  left: [],
  end: null,
};

/** An update that says nothing but its place. */
export function toyUpdate(cursor: Cursor, isWhole = false): Omit<Update, 'time'> {
  const nothing = { steps: [], epochs: [], incidents: [], details: [] };
  return { cursor, isWhole, status: { ...TOY_STATUS, step: cursor.step }, ...nothing };
}
