import { expect, test } from 'vitest';
import type { RunEvent } from '../../../../coordinator/reporting/events.ts';
import { openingLesson } from '../../../../coordinator/reporting/lesson-report.ts';

test('the address of the dashboard opens the lesson, and nothing else changes', () => {
  const told: RunEvent[] = [];
  const report = openingLesson((event) => void told.push(event), 'step');
  const listening = {
    event: 'listening',
    url: 'ws://h:1',
    otherUrls: [],
    dashboardUrl: 'http://h:1/',
    workersNeeded: 1,
  } as const;
  report(listening);
  report({ event: 'checkpoint', step: 3, file: 'f' });
  expect(told).toEqual([
    { ...listening, dashboardUrl: 'http://h:1/?learning&lesson=step' },
    { event: 'checkpoint', step: 3, file: 'f' },
  ]);
});
