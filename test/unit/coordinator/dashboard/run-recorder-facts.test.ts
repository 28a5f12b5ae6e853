import { expect, test } from 'vitest';
import { RunRecorder } from '../../../../coordinator/dashboard/run-recorder.ts';
import { TOY_STATUS } from '../../../support/toy-update.ts';
import { TOY_FACTS } from '../../../support/toy-view.ts';

test('facts are sent with everything else, and again when they have changed', () => {
  const facts = { ...TOY_FACTS, runDir: null as string | null };
  const recorder = new RunRecorder({
    source: 'a',
    facts: () => ({ ...facts }),
    status: () => TOY_STATUS,
    underWay: () => undefined,
    now: () => 0,
    step: () => 0,
  });
  const first = recorder.updateAfter(undefined);
  expect([first.isWhole, first.facts?.runDir]).toEqual([true, null]);
  const second = recorder.updateAfter(first.cursor);
  expect([second.isWhole, second.facts]).toEqual([false, undefined]);
  facts.runDir = 'runs/a';
  recorder.refreshFacts();
  const third = recorder.updateAfter(second.cursor);
  expect([third.isWhole, third.facts?.runDir]).toEqual([false, 'runs/a']);
  recorder.observe({ event: 'notice', code: 'checkpoint', message: 'something happened' }, 0);
  const fourth = recorder.updateAfter(third.cursor);
  expect(fourth.incidents).toHaveLength(1);
  expect(recorder.updateAfter(fourth.cursor).facts).toBeUndefined();
});
