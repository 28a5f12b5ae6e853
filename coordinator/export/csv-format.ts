import { join } from 'node:path';
import type { StepRecord } from '../training/ledger.ts';
import type { EpochRecord } from '../training/progress.ts';
import type { Quality } from '../training/quality.ts';
import type { Exported, ExportFormat } from './export-format.ts';
import { refuseExisting, refuseFile, writeOutput } from './output-files.ts';
import { describeFigures, examplesPerSecond, openFigures } from './run-figures.ts';

/*
 * Tables as RFC 4180 has them: a header, CRLF, and quotes where a field needs them. Numbers have
 * all their digits: reading them back gives the same bits. A number that does not exist is an empty
 * field. The names of workers are not here: a spreadsheet would take some for formulas.
 */

type Cell = number | string | null;

/** Sums over all steps so far. */
interface Totals {
  examples: number;
  milliseconds: number;
}

type Columns<Source, Rest extends unknown[] = []> = Readonly<
  Record<string, (record: Source, ...rest: Rest) => Cell>
>;

/** The accuracy, or the errors of numbers. */
function qualityColumns<R>(
  isRegression: boolean,
  prefix: string,
  qualityOf: (record: R) => Quality,
): Columns<R> {
  if (!isRegression) return { [`${prefix}accuracy`]: (record) => qualityOf(record).accuracy };
  return {
    [`${prefix}rmse`]: (record) => qualityOf(record).errors?.rmse ?? null,
    [`${prefix}mae`]: (record) => qualityOf(record).errors?.mae ?? null,
    [`${prefix}r2`]: (record) => qualityOf(record).errors?.r2 ?? null,
  };
}

const stepColumns = (isRegression: boolean): Columns<StepRecord, [Totals]> => ({
  step: ({ step }) => step,
  epoch: ({ epoch }) => epoch,
  loss: ({ loss }) => loss,
  ...qualityColumns<StepRecord>(isRegression, '', (record) => record),
  learning_rate: ({ learningRate }) => learningRate,
  examples: ({ examples }) => examples,
  milliseconds: ({ milliseconds }) => milliseconds,
  examples_per_second: examplesPerSecond,
  total_examples: (_, { examples }) => examples,
  total_seconds: (_, { milliseconds }) => milliseconds / 1000,
  world_size: ({ worldSize }) => worldSize,
  contributors: ({ work }) => new Set(work.map(([, , worker]) => worker)).size,
  sums: ({ work }) => work.length,
  copies: ({ copies = [] }) => copies.length,
  fingerprint: ({ fingerprint }) => fingerprint,
  chain: ({ chain }) => chain,
});

const epochColumns = (isRegression: boolean): Columns<EpochRecord> => ({
  epoch: ({ epoch }) => epoch,
  step: ({ step }) => step,
  train_loss: ({ trainLoss }) => trainLoss,
  ...qualityColumns<EpochRecord>(isRegression, 'train_', (record) => ({
    accuracy: record.trainAccuracy,
    errors: record.trainErrors,
  })),
  validation_loss: ({ validationLoss }) => validationLoss,
  ...qualityColumns<EpochRecord>(isRegression, 'validation_', (record) => ({
    accuracy: record.validationAccuracy,
    errors: record.validationErrors,
  })),
  test_loss: ({ testLoss }) => testLoss,
  ...qualityColumns<EpochRecord>(isRegression, 'test_', (record) => ({
    accuracy: record.testAccuracy,
    errors: record.testErrors,
  })),
  seconds: ({ seconds }) => seconds,
});

/** Writes `steps.csv` and `epochs.csv` into a folder. */
export const csvFormat: ExportFormat = {
  isModel: false,
  defaultOut: (run) => join(run, 'csv'),
  async write(run, out, { signal, replace }): Promise<Exported> {
    const files = [join(out, 'steps.csv'), join(out, 'epochs.csv')];
    await refuseFile(out);
    if (!replace) await refuseExisting(files);
    const figures = await openFigures(run);
    const counts = { steps: 0, epochs: figures.epochs.length };
    async function* stepLines(): AsyncGenerator<string> {
      const named = stepColumns(figures.isRegression);
      yield headerOf(named);
      const columns = Object.values(named);
      const totals = { examples: 0, milliseconds: 0 };
      for await (const record of figures.steps()) {
        totals.examples += record.examples;
        totals.milliseconds += record.milliseconds;
        counts.steps++;
        yield lineOf(columns.map((column) => column(record, totals)));
      }
    }
    async function* epochLines(): AsyncGenerator<string> {
      const named = epochColumns(figures.isRegression);
      yield headerOf(named);
      const columns = Object.values(named);
      for (const record of figures.epochs) yield lineOf(columns.map((column) => column(record)));
    }
    const [steps, epochs] = files;
    await writeOutput(
      [
        { path: steps, pieces: stepLines() },
        { path: epochs, pieces: epochLines() },
      ],
      signal,
    );
    return { files, ...describeFigures(counts, figures.isDone) };
  },
};

const headerOf = (columns: object): string => lineOf(Object.keys(columns));

const lineOf = (cells: readonly Cell[]): string => `${cells.map(fieldOf).join(',')}\r\n`;

function fieldOf(cell: Cell): string {
  const text = cell === null ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
