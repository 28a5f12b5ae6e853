import type { WorkerEvent } from '../run-worker.ts';

/*
 * What the page and its worker say to each other. The page shows and asks; the worker has the
 * socket, the dataset and the engine, so that nothing on the page holds up a share.
 */

/** What the page knows when the user starts. */
export interface TabStart {
  /** Where the coordinator is: the address of the page, up to its last slash. */
  readonly base: string;
  readonly token: string | undefined;
  readonly name: string;
  /** "browser Chromium 140". */
  readonly runtime: string;
  /** What an earlier session of this tab was given; see `Hello`. */
  readonly identity: string | undefined;
  /** The part of a core that each thread takes, above 0 and at most 1. */
  readonly effort: number;
  /** The threads that compute a share together, where the browser lets them share memory. */
  readonly threads: number;
  readonly isHidden: boolean;
  /** Flips a bit of a sum with this probability, to test that it is found. */
  readonly corrupt: number;
}

/** An order of the page. */
export type TabOrder =
  | { readonly order: 'start'; readonly start: TabStart }
  /** Finishes the share under way, if there is one, and leaves. */
  | { readonly order: 'pause' }
  | { readonly order: 'effort'; readonly effort: number }
  /** The page is hidden now, or visible again. */
  | { readonly order: 'visibility'; readonly isHidden: boolean };

/** What the tab has given since it was opened. */
export interface TabWork {
  readonly shares: number;
  readonly sums: number;
  /** Of training steps alone. */
  readonly examples: number;
  /** In the last moment, of training alone. */
  readonly examplesPerSecond: number;
}

/** What the tab computes. */
export interface TabRun {
  readonly dataset: string;
  /** Such as "784-128-10". */
  readonly model: string;
  readonly parameterCount: number;
  readonly microBatchCount: number;
  readonly numerics: string;
  readonly tile: string;
}

/** News of the worker, for the page. */
export type TabNews =
  | WorkerEvent
  | { readonly event: 'connecting' }
  | { readonly event: 'welcome'; readonly identity: string; readonly run: TabRun }
  | { readonly event: 'dataset'; readonly receivedBytes: number; readonly totalBytes: number }
  /** So many threads take part now. */
  | { readonly event: 'threads'; readonly count: number }
  | { readonly event: 'work'; readonly work: TabWork }
  /** It takes no part anymore. `isForGood`: it would fail again. */
  | {
      readonly event: 'failed';
      readonly code: string;
      readonly message: string;
      readonly isForGood: boolean;
    };
