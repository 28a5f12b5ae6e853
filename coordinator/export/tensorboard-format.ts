import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../../shared/errors.ts';
import { quoteArgument, shortPath } from '../../shared/host/command-line.ts';
import { listFolder } from '../run-folder/run-files.ts';
import type { StepRecord } from '../training/ledger.ts';
import type { EpochRecord } from '../training/progress.ts';
import type { Quality } from '../training/quality.ts';
import { scalarRecord, versionRecord } from './encoding/event-file.ts';
import type { Exported, ExportFormat } from './export-format.ts';
import { inTime } from './in-time.ts';
import { existsError, refuseFile, writeOutput } from './output-files.ts';
import { describeFigures, examplesPerSecond, openFigures } from './run-figures.ts';

/** Numbers by TensorBoard's tags. What is before the slash is a group of charts. */
type Scalars = Readonly<Record<string, number | null>>;

/** The accuracy, or the errors of numbers. */
const qualityScalars = (set: string, { accuracy, errors }: Quality): Scalars => ({
  [`accuracy/${set}`]: accuracy,
  [`rmse/${set}`]: errors?.rmse ?? null,
  [`mae/${set}`]: errors?.mae ?? null,
  [`r2/${set}`]: errors?.r2 ?? null,
});

const stepScalars = (record: StepRecord): Scalars => ({
  'loss/train': record.loss,
  ...qualityScalars('train', record),
  learning_rate: record.learningRate,
  examples_per_second: examplesPerSecond(record),
  world_size: record.worldSize,
});

const epochScalars = (record: EpochRecord): Scalars => ({
  'loss/validation': record.validationLoss,
  ...qualityScalars('validation', {
    accuracy: record.validationAccuracy,
    errors: record.validationErrors,
  }),
  'loss/test': record.testLoss,
  ...qualityScalars('test', { accuracy: record.testAccuracy, errors: record.testErrors }),
});

/** Writes one event file for TensorBoard into a folder. */
export const tensorboardFormat: ExportFormat = {
  isModel: false,
  defaultOut: (run) => join(run, 'tensorboard'),
  async write(run, out, { signal, replace }): Promise<Exported> {
    await refuseFile(out);
    const earlier = await earlierEvents(out, replace);
    const figures = await openFigures(run);
    const counts = { steps: 0, epochs: 0 };
    async function* records(): AsyncGenerator<Uint8Array> {
      for await (const timed of inTime(figures)) {
        const { wallTime } = timed;
        if (timed.kind === 'start') yield versionRecord(wallTime);
        else if (timed.kind === 'step') {
          counts.steps++;
          const { step } = timed.record;
          yield scalarRecord({ wallTime, step, values: known(stepScalars(timed.record)) });
        } else {
          counts.epochs++;
          const { step } = timed.record;
          yield scalarRecord({ wallTime, step, values: known(epochScalars(timed.record)) });
        }
      }
    }
    const path = join(out, eventFileName(figures.lastWriteMs));
    await writeOutput([{ path, pieces: records() }], signal);
    for (const other of earlier.filter((one) => one !== path)) await rm(other, { force: true });
    const look = `tensorboard --logdir ${quoteArgument(shortPath(out))}`;
    return {
      files: [path],
      ...describeFigures(counts, figures.isDone),
      advice: `Look at them with: ${look}`,
    };
  },
};

/** The name of an event file that was written at a time. */
const eventFileName = (ms: number): string =>
  `events.out.tfevents.${Math.floor(ms / 1000)}.lockstep`;
const OWN_NAME = /^events\.out\.tfevents\.\d+\.lockstep$/;

/**
 * The event files of earlier exports to a folder. Throws a `FILE` error if there are some and they
 * may not be replaced, or if there are events of another program. TensorBoard reads each file whose
 * name has "tfevents", so it would draw the curves of all files as one.
 */
async function earlierEvents(folder: string, replace: boolean): Promise<string[]> {
  const names = (await listFolder(folder)).filter((name) => name.includes('tfevents'));
  const foreign = names.find((name) => !OWN_NAME.test(name));
  if (foreign !== undefined) {
    const message = `${join(folder, foreign)} is of another program: choose another --out.`;
    throw new LockstepError('FILE', message);
  }
  const paths = names.map((name) => join(folder, name));
  const [first] = paths;
  if (first !== undefined && !replace) throw existsError(first);
  return paths;
}

function known(scalars: Scalars): Record<string, number> {
  const entries = Object.entries(scalars);
  return Object.fromEntries(
    entries.flatMap(([tag, value]) => (value === null ? [] : [[tag, value]])),
  );
}
