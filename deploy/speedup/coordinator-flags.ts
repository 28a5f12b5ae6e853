import { Option } from 'commander';
import { wholeNumber } from '../../shared/cli/option-parsers.ts';
import {
  GLOBAL_BATCH_MAX,
  MICRO_BATCHES_MAX,
  WIRE_FORMATS,
  type WireFormat,
} from '../../shared/round/run-config.ts';

/** The options of the measured or planned run that a user may set. */
export interface RunFlagOptions {
  readonly model?: string;
  readonly globalBatch?: number;
  readonly microBatches?: number;
  readonly wire?: WireFormat;
  readonly dataDir?: string;
}

/** The coordinator's flags. The number of epochs is larger than any measurement needs. */
export function runFlags({
  model,
  globalBatch,
  microBatches,
  wire,
  dataDir,
}: RunFlagOptions): string[] {
  const flags: Record<string, string | number | undefined> = {
    '--model': model,
    '--global-batch': globalBatch,
    '--micro-batches': microBatches,
    '--wire': wire,
    '--data-dir': dataDir,
    '--epochs': 100_000,
  };
  return Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, String(value)],
  );
}

export const globalBatchOption = () =>
  new Option('--global-batch <count>', 'as for train').argParser(wholeNumber(1, GLOBAL_BATCH_MAX));

export const microBatchesOption = () =>
  new Option('--micro-batches <count>', 'as for train').argParser(
    wholeNumber(1, MICRO_BATCHES_MAX),
  );

export const wireOption = () => new Option('--wire <format>', 'as for train').choices(WIRE_FORMATS);

/** Bytes of all parameters on the wire, in a run with these flags. */
export function vectorBytes(flags: readonly string[], parameterCount: number): number {
  const isBfloat16 = flags.some((flag, i) => flag === '--wire' && flags[i + 1] === 'bf16');
  return (isBfloat16 ? 2 : 4) * parameterCount;
}
