import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Moment } from '../../../../coordinator/dashboard/model/run-view.ts';
import { createPastReader } from '../../../../coordinator/replay/past-reader.ts';
import {
  createCounters,
  type PoolCounters,
} from '../../../../coordinator/reporting/pool-events.ts';
import { BEGAN_AT, facts, RecordedHistory } from '../../../support/recorded-history.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const sizeOf = (directory: string, name: string) => statSync(join(directory, name)).size;

const bytesIn = (directory: string) => ({
  metrics: sizeOf(directory, 'metrics.jsonl'),
  epochs: sizeOf(directory, 'epochs.jsonl'),
  events: sizeOf(directory, 'events.jsonl'),
});

/** A run of 2,000 steps, and the coordinator that goes on with it. */
function resumedRun(counters: Partial<PoolCounters> = {}) {
  const directory = temporaryFolder();
  const first = new RecordedHistory();
  first.counters = { ...createCounters(), ...counters };
  first.join(0, 'early');
  first.train(2000);
  first.happen({ event: 'stopped', step: 2000 });
  first.writeTo(directory);
  const bytes = bytesIn(directory);
  const options = { firstStep: 2000, chain: first.chain, beganAt: BEGAN_AT + 1e7 };
  const second = new RecordedHistory(options);
  second.join(0, 'late');
  const now = () => performance.now();
  const past = createPastReader(second.recorder, { source: 'live', facts: () => facts, now });
  return { directory, bytes, first, second, past };
}

const stepsOf = ({ steps }: { steps: readonly { from: number; to: number }[] }) => {
  for (const [i, { from }] of steps.entries()) if (i > 0) expect(from).toBe(steps[i - 1].to);
  return [steps[0]?.from, steps.at(-1)?.to];
};

describe('the steps before a resume', () => {
  test('join those that come while they are read, in one whole update', async () => {
    const { directory, bytes, first, second, past } = resumedRun();
    second.train(10);
    const { cursor } = second.recorder.updateAfter(undefined);
    past.begin();
    expect(past.readPart).toBeUndefined();
    past.open(directory, bytes);
    let updates = 0;
    for (let isRead = false; !isRead; updates++) {
      second.train(1);
      const update = second.recorder.updateAfter(cursor);
      isRead = update.isWhole;
      expect(stepsOf(update)).toEqual([isRead ? 0 : 2010, 2011 + updates]);
      if (past.readPart !== undefined) expect(past.readPart).toBeLessThanOrEqual(1);
      await new Promise(setImmediate);
    }
    expect(updates).toBeGreaterThan(2);
    await past.done;
    second.train(1);
    const whole = second.recorder.updateAfter(cursor);
    expect(stepsOf(whole)).toEqual([0, 2011 + updates]);
    expect(whole.facts).toEqual(facts);
    expect(whole.epochs).toEqual([...first.epochs, ...second.epochs]);
    expect(whole.incidents.map(({ message }) => message)).toEqual([
      'the run begins',
      expect.stringContaining('early'),
      expect.stringContaining('stopped after 2000 steps'),
      'the run goes on after step 2000',
      expect.stringContaining('late'),
    ]);
    expect(whole.status).toMatchObject({ state: 'training', end: null });
    const moments = JSON.parse(second.recorder.momentsAsJson());
    expect(moments.map(({ step }: { step: number }) => step)).toEqual(
      moments.map(({ step }: { step: number }) => step).sort((a: number, b: number) => a - b),
    );

    second.train(1);
    const next = second.recorder.updateAfter(whole.cursor);
    expect(next.isWhole).toBe(false);
    expect(stepsOf(next)).toEqual([2011 + updates, 2012 + updates]);
  });

  test('count together with those that come, in all moments too', async () => {
    const { directory, bytes, second, past } = resumedRun({ lateShares: 3 });
    second.counters = { ...createCounters(), lateShares: 2 };
    second.train(300);
    expect(second.recorder.updateAfter(undefined).status.counters?.lateShares).toBe(2);
    past.begin();
    past.open(directory, bytes);
    await past.done;
    second.train(300);
    const { status, speeds } = second.recorder.updateAfter(undefined);
    expect(status.counters?.lateShares).toBe(5);
    const moments: Moment[] = JSON.parse(second.recorder.momentsAsJson());
    const counted = moments.map((moment) => moment.status.counters?.lateShares);
    expect([...new Set(counted)]).toEqual([3, 5]);
    // The records of this coordinator have its own.
    expect(second.recorder.takeMoment(0).moment.status.counters?.lateShares).toBe(2);
    expect(speeds?.map(({ steps }) => steps)).toEqual([592]);
  });

  test('end where the file ended when the folder was opened', async () => {
    const { directory, bytes, second, past } = resumedRun();
    second.train(50);
    second.writeTo(directory);
    past.open(directory, bytes);
    past.begin();
    await past.done;
    const { steps, incidents } = second.recorder.updateAfter(undefined);
    expect(stepsOf({ steps })).toEqual([0, 2050]);
    expect(incidents.filter(({ message }) => message.includes('goes on'))).toHaveLength(1);
  });

  test('are read only when somebody asks, and once', async () => {
    const { directory, bytes, second, past } = resumedRun();
    second.train(1);
    past.open(directory, bytes);
    await past.done;
    expect(stepsOf(second.recorder.updateAfter(undefined))).toEqual([2000, 2001]);
    past.begin();
    past.begin();
    await past.done;
    past.begin();
    await past.done;
    expect(stepsOf(second.recorder.updateAfter(undefined))).toEqual([0, 2001]);
  });

  test('are left out if they cannot be read, and the page says so', async () => {
    const { directory, bytes, second, past } = resumedRun();
    second.train(5);
    rmSync(join(directory, 'epochs.jsonl'));
    mkdirSync(join(directory, 'epochs.jsonl'));
    past.open(directory, bytes);
    past.begin();
    await past.done;
    const { steps, incidents } = second.recorder.updateAfter(undefined);
    expect(stepsOf({ steps })).toEqual([2000, 2005]);
    expect(incidents.at(-1)?.message).toMatch(/^the earlier steps .* cannot be shown: .*epochs/);
  });

  test('are left when the coordinator ends', async () => {
    const { directory, bytes, second, past } = resumedRun();
    past.open(directory, bytes);
    past.begin();
    past.close();
    await past.done;
    expect(second.recorder.updateAfter(undefined).steps).toEqual([]);
  });
});
