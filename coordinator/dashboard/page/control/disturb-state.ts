import type { ChaosRates } from '../../../control/controlled.ts';
import type { ControlView } from '../../../control/run-control.ts';
import type { RunFacts, RunStatus, RunView } from '../../model/run-view.ts';
import { formatQuantity } from '../format.ts';

/*
 * What the page knows of control, and what it says about it: pure functions. Nothing here assumes
 * that an order was carried out. The workers come from the run's updates, and the rates from the
 * coordinator.
 */

/** What the user does in the panel, and what the coordinator has answered. */
export interface DisturbState {
  /** What this page may do; a text says why nobody knows; undefined before it is asked. */
  readonly control: ControlView | string | undefined;
  /** The `controlMoment` for which that was asked. */
  readonly askedAt: string | undefined;
  /** The orders that are under way; see `orderKey`. */
  readonly waiting: ReadonlySet<string>;
  /** The coordinator's last answer. */
  readonly said: Said | undefined;
  /** The rates that the user has set and the coordinator has not confirmed yet. */
  readonly wanted: Partial<ChaosRates>;
  /** The rate at which a slider is held now. */
  readonly held: { readonly fault: Fault; readonly rate: number } | undefined;
  /** How long a stall lasts. */
  readonly stallMs: number;
  /** Whether the page asks once more before it stops the run. */
  readonly isStopAsked: boolean;
}

export interface Said {
  /** One sentence or several. */
  readonly text: string;
  readonly isError: boolean;
  /** In ms since 1970. */
  readonly time: number;
}

export const STALLS_MS = [500, 2_000, 10_000] as const;

export const NOTHING_DISTURBED: DisturbState = {
  control: undefined,
  askedAt: undefined,
  waiting: new Set(),
  said: undefined,
  wanted: {},
  held: undefined,
  stallMs: STALLS_MS[1],
  isStopAsked: false,
};

/** The faults that happen by chance. */
export type Fault = Exclude<keyof ChaosRates, 'stallMs'>;

export const FAULTS: readonly { readonly fault: Fault; readonly name: string }[] = [
  { fault: 'kill', name: 'Kills' },
  { fault: 'stall', name: 'Stalls' },
  { fault: 'leave', name: 'Leaves' },
  { fault: 'join', name: 'Joins' },
];

/** The rates that a slider has, per second. */
export const RATES = [0, 0.05, 0.1, 0.2, 0.5, 1, 2] as const;

/** The place of a slider for any rate: the nearest one by ratio, and 0 only for no faults. */
export function placeOfRate(rate: number): number {
  if (rate <= 0) return 0;
  const distances = RATES.map((each) => Math.abs(Math.log(rate / each)));
  return distances.indexOf(Math.min(...distances));
}

/** The rates to show: as the user wants them, else as the coordinator has them. */
export function shownRates(chaos: ChaosRates, { wanted, held }: DisturbState): ChaosRates {
  return { ...chaos, ...wanted, ...(held && { [held.fault]: held.rate }) };
}

/** "none", "0.5 per second", and for stalls "0.5 per second, 2 s each". */
export function rateText(fault: Fault, rate: number, stallMs: number): string {
  if (rate === 0) return 'none';
  return `${rate} per second${fault === 'stall' ? `, ${stallMs / 1000} s each` : ''}`;
}

/** Names an order, so that its button can show that it waits. */
export const orderKey = (action: string, rank?: number): string =>
  rank === undefined ? action : `${action} ${rank}`;

/**
 * Changes when what was known of control may be wrong: with the process that runs the coordinator,
 * and when somebody has disturbed the run, on this page or on another one.
 */
export function controlMoment({ cursor, incidents }: RunView): string {
  const last = incidents.findLast(({ kind }) => kind === 'control');
  return `${cursor?.source} ${last?.revision}`;
}

export type Mode = 'past' | 'over' | 'asking' | 'unknown' | 'watching' | 'live';

/** `shownStep`: the earlier step that the page shows; null if it shows the newest one. */
export function modeOf(
  { status }: RunView,
  { control }: DisturbState,
  shownStep: number | null,
): Mode {
  if (shownStep !== null) return 'past';
  if (status?.end) return 'over';
  if (control === undefined) return 'asking';
  if (typeof control === 'string') return 'unknown';
  return control.may ? 'live' : 'watching';
}

const TITLES: Readonly<Record<Exclude<Mode, 'live'>, string>> = {
  past: 'The page shows the past, so nobody can disturb it.',
  over: 'The run is over, so nobody can disturb it anymore.',
  asking: 'The coordinator is asked what this page may do.',
  unknown: 'Nobody knows yet what this page may do.',
  watching: 'This page may watch the run, but not disturb it.',
};

export const disturbTitle = (mode: Mode, view: RunView, { control }: DisturbState): string =>
  mode === 'live' ? liveTitle(view, control as ControlView) : TITLES[mode];

function liveTitle({ status }: RunView, { chaos }: ControlView): string {
  const rates = FAULTS.map(({ fault }) => [chaos?.[fault] ?? 0, fault] as const);
  const list = rates
    .filter(([rate]) => rate > 0)
    .map(([rate, fault]) => `${rate} ${fault}${rate === 1 ? '' : 's'}`);
  if (list.length > 0) return `Faults happen by chance: ${joinWords(list)} per second.`;
  const count = status?.workers.length ?? 0;
  if (count === 0) return 'No worker is here to be disturbed.';
  return `${formatQuantity(count, 'worker')} can be disturbed.`;
}

const joinWords = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

const WHAT_HAPPENS = 'workers are killed, stalled and started here, and the hash stays the same.';

/** What the panel is, where it is not live. */
export function disturbNote(mode: Mode, { control }: DisturbState): string {
  switch (mode) {
    case 'watching':
      return (
        `With the token of the coordinator, ${WHAT_HAPPENS} ` +
        'Its command has printed an address with that token.'
      );
    case 'unknown':
      return sentenceOf(String(control));
    case 'over':
      return '';
    default:
      return `While a run trains, ${WHAT_HAPPENS}`;
  }
}

/**
 * Whether the result is the one without disturbances. Not if the run has failed, or if wrong sums
 * were found while others were not checked.
 */
export const isKept = (status: RunStatus | undefined, facts: RunFacts | undefined): boolean =>
  status?.state !== 'failed' && !(status?.counters?.wrongSums && (facts?.auditFraction ?? 0) < 1);

/** Why no bit can be flipped; undefined if one can. */
export function whyNoFlip({ actions }: ControlView, facts: RunFacts | undefined) {
  if (actions.includes('corrupt')) return undefined;
  const part = facts?.auditFraction ?? 0;
  const checked = part === 0 ? 'no sum' : `${part * 100} % of all sums`;
  return (
    `No bit can be flipped: this run checks ${checked}, so its result would change. ` +
    'Start it with --audit 1.'
  );
}

/** A message of the coordinator as a sentence. */
export function sentenceOf(message: string): string {
  const text = message.trim();
  return `${capitalize(text)}${/[.!?]$|^$/.test(text) ? '' : '.'}`;
}

export const capitalize = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
