/*
 * What a run offers to control. The pool implements `MemberControls` for every worker, wherever it
 * is. Whoever starts workers on this machine implements `OwnWorkers`, and can do more to them.
 */

/** Why a worker is gone that somebody here has killed. */
export const KILLED = 'killed';

/** What can be done to a worker that takes part, whoever has started it. */
export interface MemberControls {
  readonly rank: number;
  readonly name: string;
  /** By this secret, `OwnWorkers` knows a worker that it has started. */
  readonly identity: string;
  /** Breaks the connection off, without a goodbye. */
  cut(): void;
  /** Holds back the worker's answers for so long from now on. */
  hold(milliseconds: number): void;
  /** Lets the worker finish its share, and then tells it to go for good. */
  dismiss(): void;
  /** Flips a bit in each of the worker's sums, until an audit removes the worker. */
  corrupt(): void;
}

/** A worker on this machine that this process has started. */
export interface OwnWorker {
  readonly kind: 'process' | 'threads';
  /** Whether it is started again when it ends. */
  readonly isKept: boolean;
  /** Ends it at once. */
  kill(): void;
  /** Makes it silent for so long from now on. A shorter time replaces a longer one. */
  stall(milliseconds: number): void;
  /** Asks it to finish its share and leave. `isForGood`: it is not started again. */
  leave(isForGood: boolean): void;
  /** To be called before it is made to fail: its next end is no sign that it cannot run. */
  expectEnd(): void;
}

/** The rates of random faults. */
export interface ChaosRates {
  /** Mean number of workers per second that are killed. */
  readonly kill: number;
  /** Mean number of workers per second that are stalled for `stallMs`. */
  readonly stall: number;
  /** Mean number of workers per second that are asked to leave. They are started again. */
  readonly leave: number;
  /** Mean number of additional workers per second that are started. */
  readonly join: number;
  readonly stallMs: number;
}

/** Some of the rates. What is missing stays as it is. */
export type ChaosChange = { readonly [Name in keyof ChaosRates]?: ChaosRates[Name] | undefined };

/** The workers that this process has started. */
export interface OwnWorkers {
  /** The worker that was started with this identity; undefined if there is none. */
  find(identity: string): OwnWorker | undefined;
  /** How many there are now, those included that are about to be started again. */
  readonly count: number;
  /** Starts one more, which is kept. Returns its name. Throws a `ControlError` if the run ends. */
  start(): string;
  readonly chaos: {
    readonly rates: ChaosRates;
    setRates(change: ChaosChange): void;
  };
}
