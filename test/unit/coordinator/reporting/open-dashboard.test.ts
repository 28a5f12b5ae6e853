import { expect, test } from 'vitest';
import type { RunEvent } from '../../../../coordinator/reporting/events.ts';
import { openingDashboard } from '../../../../coordinator/reporting/open-dashboard.ts';

const listening = {
  event: 'listening',
  url: 'ws://h:1',
  otherUrls: [],
  dashboardUrl: 'http://h:1/',
  workersNeeded: 1,
} as const;

test('the dashboard is opened once the port is there, with the token that was made', () => {
  const opened: string[] = [];
  const told: RunEvent[] = [];
  const report = openingDashboard(
    (event) => void told.push(event),
    async (url) => void opened.push(url),
  );
  report({ event: 'checkpoint', step: 3, file: 'f' });
  expect(opened).toEqual([]);
  report({ ...listening, token: 'abc' });
  expect(opened).toEqual(['http://h:1/#token=abc']);
  expect(told.map(({ event }) => event)).toEqual(['checkpoint', 'listening']);
});

test('a browser that cannot be opened is a notice', () => {
  const told: RunEvent[] = [];
  const report = openingDashboard(
    (event) => void told.push(event),
    async (_url, onFailure) => onFailure('no screen'),
  );
  report(listening);
  expect(told.at(-1)).toEqual({ event: 'notice', code: 'dashboard', message: 'no screen' });
});
