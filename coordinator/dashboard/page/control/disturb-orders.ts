import type { ControlRequest } from '../../../control/control-request.ts';
import type { ChaosRates } from '../../../control/controlled.ts';
import type { ControlView } from '../../../control/run-control.ts';
import { askJson } from '../ask-json.ts';
import type { Ui } from '../ui.ts';
import { type DisturbState, orderKey, type Said, sentenceOf } from './disturb-state.ts';

/** What the panel asks the coordinator. The page shows what it answers, and nothing else. */

const PATH = 'api/control';

type UiOfOrders = Pick<Ui, 'ask'> & {
  readonly choices: { readonly disturb: DisturbState };
  change(part: { readonly disturb: DisturbState }): void;
};

export const changeDisturb = (ui: UiOfOrders, part: Partial<DisturbState>): void =>
  ui.change({ disturb: { ...ui.choices.disturb, ...part } });

/**
 * Asks what this page may do. `moment`: see `controlMoment`. If there is no answer, the page keeps
 * to the last one.
 */
export async function lookAtControl(ui: UiOfOrders, moment: string): Promise<void> {
  changeDisturb(ui, { askedAt: moment });
  const control = await askJson<ControlView>(ui.ask, PATH).catch(reasonOf);
  const { disturb } = ui.choices;
  // Somebody may have asked again.
  if (disturb.askedAt !== moment) return;
  if (typeof control !== 'string' || typeof disturb.control !== 'object')
    return changeDisturb(ui, { control });
  changeDisturb(ui, { said: failure(control) });
}

/** Gives an order, and shows what the coordinator says. The same order is given once at a time. */
export async function order(ui: UiOfOrders, request: ControlRequest): Promise<void> {
  const key = orderKey(request.action, 'rank' in request ? request.rank : undefined);
  if (ui.choices.disturb.waiting.has(key)) return;
  setWaiting(ui, key, true);
  const said = await send(ui, request);
  setWaiting(ui, key, false);
  changeDisturb(ui, { said });
}

/**
 * Sets rates of random faults, and asks for the new ones. While an answer is awaited, further rates
 * wait, and only the newest ones are sent.
 */
export async function setChaos(ui: UiOfOrders, change: Partial<ChaosRates>): Promise<void> {
  const state = () => ui.choices.disturb;
  changeDisturb(ui, { wanted: { ...state().wanted, ...change }, held: undefined });
  const key = orderKey('chaos');
  if (state().waiting.has(key)) return;
  setWaiting(ui, key, true);
  let sent: Partial<ChaosRates> | undefined;
  while (sent !== state().wanted) {
    sent = state().wanted;
    changeDisturb(ui, { said: await send(ui, { action: 'chaos', ...sent }) });
    await lookAtControl(ui, state().askedAt ?? '');
  }
  setWaiting(ui, key, false);
  changeDisturb(ui, { wanted: {} });
}

async function send(ui: UiOfOrders, request: ControlRequest): Promise<Said> {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  };
  try {
    const { message } = await askJson<{ message: string }>(ui.ask, PATH, init);
    return { text: message, isError: false, time: Date.now() };
  } catch (error) {
    return failure(reasonOf(error));
  }
}

function setWaiting(ui: UiOfOrders, key: string, isWaiting: boolean): void {
  const waiting = new Set(ui.choices.disturb.waiting);
  if (isWaiting) waiting.add(key);
  else waiting.delete(key);
  changeDisturb(ui, { waiting });
}

const failure = (reason: string): Said => ({
  text: sentenceOf(reason),
  isError: true,
  time: Date.now(),
});

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
