/** Runs clusters whose number of workers can change during training. */
export interface Launcher {
  /** The cluster's description in the report, such as "processes on this machine". */
  readonly description: string;
  /**
   * Starts a coordinator with these flags, and no worker. Rejects with `signal.reason` if `signal`
   * is aborted before the coordinator listens.
   */
  start(flags: readonly string[], signal: AbortSignal): Promise<LaunchedRun>;
}

export interface LaunchedRun {
  /** The coordinator's address, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The token of the coordinator. */
  readonly token: string;
  /** Rejects when the coordinator or a worker ends unexpectedly. */
  readonly failure: Promise<never>;
  /** Starts or stops workers. May resolve before they have joined or left the run. */
  scale(workers: number): Promise<void>;
  /** Ends all processes or containers and removes their files. */
  stop(): Promise<void>;
}
