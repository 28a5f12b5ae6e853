import { expect, test } from 'vitest';
import type { RunEvent } from '../../../../coordinator/reporting/events.ts';
import { remindingOfSecrets } from '../../../../coordinator/reporting/remind-secrets.ts';

const stopped = { event: 'stopped', step: 3, runDir: 'r', checkpoint: 'c' } as const;

test('after a stop, the secrets that the printed command lacks are named', () => {
  const told: RunEvent[] = [];
  const report = remindingOfSecrets((event) => void told.push(event), ['--token', '--watch-token']);
  report({ event: 'checkpoint', step: 3, file: 'f' });
  expect(told).toHaveLength(1);
  report(stopped);
  expect(told.slice(1)).toEqual([
    stopped,
    {
      event: 'notice',
      code: 'stopping',
      message: expect.stringContaining('give --token and --watch-token again'),
    },
  ]);
});

test('a run without secrets is told of none', () => {
  const told: RunEvent[] = [];
  remindingOfSecrets((event) => void told.push(event), [])(stopped);
  expect(told).toEqual([stopped]);
});
