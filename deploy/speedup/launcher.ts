/** A way to run a cluster whose number of workers can be changed while it trains. */
export interface Launcher {
  /** What the report says of it: "processes on this machine". */
  readonly description: string;
  /** Starts a coordinator with these flags, and no worker; rejects with `signal.reason` if that comes first. */
  start(flags: readonly string[], signal: AbortSignal): Promise<LaunchedRun>;
}

export interface LaunchedRun {
  /** Of the coordinator: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Rejects when the coordinator or a worker ends that should not. */
  readonly failure: Promise<never>;
  /** Starts or stops workers; they may join and leave later. */
  scale(workers: number): Promise<void>;
  /** Ends it all and removes what it left behind. */
  stop(): Promise<void>;
}
