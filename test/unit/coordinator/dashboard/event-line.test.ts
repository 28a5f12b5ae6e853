import { describe, expect, test } from 'vitest';
import { type EventLine, parseEventLine } from '../../../../coordinator/dashboard/event-line.ts';
import { RecordedHistory } from '../../../support/recorded-history.ts';

/** One line of each kind. */
function linesOfAllKinds(): EventLine[] {
  const run = new RecordedHistory();
  run.join(0);
  run.train(400);
  run.happen({ event: 'notice', code: 'late', message: 'rank 0 late' });
  run.happen({ event: 'checkpoint', step: 400 });
  run.leave(0);
  run.happen({ event: 'stopped', step: 400 });
  const failed = new RecordedHistory();
  failed.happen({ event: 'error', message: 'no' });
  const done = new RecordedHistory();
  const result = { testAccuracy: 1, parametersSha256: 'x', totalSeconds: 1 };
  done.happen({ event: 'done', steps: 0, ...result });
  return [...run.events, ...failed.events, ...done.events];
}

describe('a line of events', () => {
  test('is read as it was written, whatever its kind', () => {
    const lines = linesOfAllKinds();
    const kinds = new Set(lines.map(({ event }) => event));
    expect([...kinds].sort()).toEqual(
      ['checkpoint', 'done', 'error', 'moment', 'notice', 'start', 'stopped', 'worker'].sort(),
    );
    for (const line of lines) {
      const text = JSON.stringify(line);
      expect(parseEventLine(text)).toEqual(JSON.parse(text));
    }
  });

  test('keeps what a later version has added', () => {
    const line = { time: 1, step: 2, event: 'stopped', more: { a: 1 } };
    expect(parseEventLine(JSON.stringify(line))).toEqual(line);
  });

  test.for([
    '',
    '7',
    'null',
    '{"time":1,"step":2,"event":"stopped"',
    '{"time":1,"step":-2,"event":"stopped"}',
    '{"step":2,"event":"stopped"}',
    '{"time":1,"step":2,"event":"elsewhere"}',
    '{"time":1,"step":2,"event":"worker","state":"ready","rank":"0","name":"x","worldSize":1}',
    '{"time":1,"step":2,"event":"moment","status":{},"details":[],"totals":null}',
  ])('is none if it is %j', (text) => {
    expect(parseEventLine(text)).toBeUndefined();
  });

  test('is none if a detail lacks what a page draws', () => {
    const moment = linesOfAllKinds().find(({ event }) => event === 'moment');
    const text = JSON.stringify(moment);
    expect(parseEventLine(text)).toBeDefined();
    expect(parseEventLine(text.replace('"work":[', '"other":['))).toBeUndefined();
    expect(parseEventLine(text.replace(/"reductions":\[\[/, '"reductions":[[true,'))).toBe(
      undefined,
    );
  });
});
