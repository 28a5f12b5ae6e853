import { expect, test } from 'vitest';
import { createAppending } from '../../../coordinator/appending.ts';
import { createRunJournal } from '../../../coordinator/dashboard/run-journal.ts';
import type { RunEvent } from '../../../coordinator/reporting/events.ts';
import { facts } from '../../support/recorded-history.ts';

test('records that the disk does not take are told of once, even if that is a record too', () => {
  let isFull = false;
  const taken: string[] = [];
  const said: string[] = [];
  const append = createAppending<string>(
    (record) => {
      if (isFull) throw new Error('no room');
      taken.push(record);
    },
    'the records of events',
    (event: RunEvent) => {
      if (event.event === 'notice') said.push(event.message);
      append(`told: ${event.event}`);
    },
  );
  append('a');
  isFull = true;
  append('b');
  append('c');
  isFull = false;
  append('d');
  isFull = true;
  append('e');
  expect(taken).toEqual(['a', 'd']);
  const message =
    'the records of events are not written, training continues and tries again: no room';
  expect(said).toEqual([message, message]);
});

test('a journal whose file takes nothing goes on, and writes what waits later', () => {
  let isFull = true;
  const waiting: object[] = [];
  const written: object[] = [];
  const journal = createRunJournal(() => facts);
  const said: string[] = [];
  const report = (event: RunEvent) => {
    if (event.event !== 'notice') return;
    said.push(event.message);
    journal.observe(event, 1, 0);
  };
  // As a writer of records does it.
  const appendEvent = (line: object) => {
    waiting.push(line);
    if (isFull) throw new Error('no room');
    written.push(...waiting.splice(0));
  };
  journal.writeTo(createAppending(appendEvent, 'the records of events', report), 0);
  journal.observe({ event: 'start', step: 0, resumedFrom: null }, 0, 0);
  journal.observe({ event: 'checkpoint', step: 5 }, 2, 5);
  expect(said).toHaveLength(1);
  isFull = false;
  journal.observe({ event: 'stopped', step: 6 }, 3, 6);
  const kinds = ['start', 'notice', 'checkpoint', 'stopped'];
  expect(written.map((line) => (line as { event: string }).event)).toEqual(kinds);
});
