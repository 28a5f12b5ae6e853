import { Option } from 'commander';
import { type RunConfig, WIRES } from '../../shared/run-config.ts';

/** What a user may say of the run that is measured or planned. */
export interface RunFlagOptions {
  readonly model?: string;
  readonly globalBatch?: number;
  readonly microBatches?: number;
  readonly wire?: RunConfig['wire'];
  readonly dataDir?: string;
}

/** The coordinator's flags: what is trained, and for longer than anybody measures. */
export function runFlags({ model, globalBatch, microBatches, wire, dataDir }: RunFlagOptions): string[] {
  const flags: Record<string, string | number | undefined> = {
    '--model': model,
    '--global-batch': globalBatch,
    '--micro-batches': microBatches,
    '--wire': wire,
    '--data-dir': dataDir,
    '--epochs': 100_000,
  };
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
}

export const wireOption = () => new Option('--wire <format>', 'as for train').choices(WIRES);

/** How many bytes of parameters a worker gets in a run with these flags. */
export function vectorBytes(flags: readonly string[], parameterCount: number): number {
  const isNarrow = flags.some((flag, i) => flag === '--wire' && flags[i + 1] === 'bf16');
  return (isNarrow ? 2 : 4) * parameterCount;
}
