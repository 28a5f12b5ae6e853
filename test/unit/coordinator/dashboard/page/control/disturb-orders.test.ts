import { describe, expect, test } from 'vitest';
import {
  changeDisturb,
  lookAtControl,
  order,
  setChaos,
} from '../../../../../../coordinator/dashboard/page/control/disturb-orders.ts';
import {
  type DisturbState,
  NOTHING_DISTURBED,
} from '../../../../../../coordinator/dashboard/page/control/disturb-state.ts';
import { createToyAsk } from '../../../../../support/toy-ask.ts';

const CALM = { kill: 0, stall: 0, leave: 0, join: 0, stallMs: 500 };
const CONTROL = { may: true, actions: ['kill', 'chaos'], chaos: CALM } as const;

/** A page, and a coordinator that answers by hand. */
function createPage() {
  const { ask, open } = createToyAsk();
  const ui = {
    choices: { disturb: NOTHING_DISTURBED },
    change({ disturb }: { disturb: DisturbState }) {
      ui.choices = { disturb };
    },
    ask,
  };
  return { ui, open, state: () => ui.choices.disturb };
}

describe('an order', () => {
  test('is given once at a time, waits, and shows what the coordinator says', async () => {
    const { ui, open, state } = createPage();
    const first = order(ui, { action: 'kill', rank: 2 });
    const second = order(ui, { action: 'kill', rank: 2 });
    const other = order(ui, { action: 'kill', rank: 3 });
    expect(open).toMatchObject([
      { path: 'api/control', method: 'POST', body: { action: 'kill', rank: 2 } },
      { path: 'api/control', method: 'POST', body: { action: 'kill', rank: 3 } },
    ]);
    expect([...state().waiting]).toEqual(['kill 2', 'kill 3']);
    await open[0].answer({ message: 'Killed rank 2.' });
    await first;
    await second;
    expect([...state().waiting]).toEqual(['kill 3']);
    expect(state().said).toMatchObject({ text: 'Killed rank 2.', isError: false });
    await open[0].answer({ error: 'no worker has rank 3: here are 0, 1' }, 404);
    await other;
    expect(state().waiting.size).toBe(0);
    expect(state().said).toMatchObject({
      text: 'No worker has rank 3: here are 0, 1.',
      isError: true,
    });
  });

  test('of a connection that breaks ends with what went wrong', async () => {
    const { ui, open, state } = createPage();
    const started = order(ui, { action: 'start' });
    expect([...state().waiting]).toEqual(['start']);
    await open[0].fail('Failed to fetch');
    await started;
    expect(state().waiting.size).toBe(0);
    expect(state().said?.text).toBe('The coordinator does not answer: Failed to fetch.');
  });
});

describe('what the page may do', () => {
  test('is what the coordinator has answered to the newest question', async () => {
    const { ui, open, state } = createPage();
    const early = lookAtControl(ui, 'a');
    const late = lookAtControl(ui, 'b');
    await open[1].answer(CONTROL);
    await late;
    await open[0].answer({ ...CONTROL, may: false });
    await early;
    expect(state()).toMatchObject({ askedAt: 'b', control: CONTROL });
  });

  test('is unknown if nobody has ever answered, and stays as it was afterward', async () => {
    const { ui, open, state } = createPage();
    const first = lookAtControl(ui, 'a');
    await open[0].answer({ error: 'busy' }, 503);
    await first;
    expect(state().control).toBe('busy');
    const second = lookAtControl(ui, 'b');
    await open[0].answer(CONTROL);
    await second;
    const third = lookAtControl(ui, 'c');
    await open[0].answer({ error: 'busy' }, 503);
    await third;
    expect(state()).toMatchObject({ control: CONTROL, said: { text: 'Busy.', isError: true } });
  });
});

describe('rates of faults', () => {
  test('that come while an answer is awaited are sent together, then asked for', async () => {
    const { ui, open, state } = createPage();
    changeDisturb(ui, { control: CONTROL, held: { fault: 'kill', rate: 1 } });
    const done = setChaos(ui, { kill: 0.1 });
    expect(state().held).toBeUndefined();
    expect(open[0].body).toEqual({ action: 'chaos', kill: 0.1 });
    for (const kill of [0.2, 0.5, 1]) void setChaos(ui, { kill });
    void setChaos(ui, { stall: 2, stallMs: 500 });
    expect(open).toHaveLength(1);
    await open[0].answer({ message: 'Set the chaos.' });
    expect(open).toMatchObject([{ path: 'api/control', method: 'GET' }]);
    await open[0].answer({ ...CONTROL, chaos: { ...CALM, kill: 0.1 } });
    expect(open[0].body).toEqual({ action: 'chaos', kill: 1, stall: 2, stallMs: 500 });
    await open[0].answer({ message: 'Set the chaos again.' });
    const rates = { ...CALM, kill: 1, stall: 2 };
    await open[0].answer({ ...CONTROL, chaos: rates });
    await done;
    expect(open).toEqual([]);
    expect(state()).toMatchObject({
      control: { chaos: rates },
      wanted: {},
      said: { text: 'Set the chaos again.' },
    });
    expect(state().waiting.size).toBe(0);
  });

  test('that are refused go back to those of the coordinator', async () => {
    const { ui, open, state } = createPage();
    changeDisturb(ui, { control: CONTROL });
    const done = setChaos(ui, { kill: 2 });
    await open[0].answer({ error: 'no worker was started yet: try again in a moment' }, 409);
    await open[0].answer(CONTROL);
    await done;
    expect(state()).toMatchObject({ control: CONTROL, wanted: {}, said: { isError: true } });
  });
});
