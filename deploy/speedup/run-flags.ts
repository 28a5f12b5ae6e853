/** What a user may say of the run that is measured or planned. */
export interface RunFlagOptions {
  readonly model?: string;
  readonly globalBatch?: number;
  readonly microBatches?: number;
  readonly dataDir?: string;
}

/** The coordinator's flags: what is trained, and for longer than anybody measures. */
export function runFlags({ model, globalBatch, microBatches, dataDir }: RunFlagOptions): string[] {
  const flags: Record<string, string | number | undefined> = {
    '--model': model,
    '--global-batch': globalBatch,
    '--micro-batches': microBatches,
    '--data-dir': dataDir,
    '--epochs': 100_000,
  };
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
}
