import { join } from 'node:path';
import type { StepRecord } from '../training/ledger.ts';
import type { EpochRecord } from '../training/progress.ts';
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

const STEP_COLUMNS: Readonly<Record<string, (record: StepRecord, totals: Totals) => Cell>> = {
  step: ({ step }) => step,
  epoch: ({ epoch }) => epoch,
  loss: ({ loss }) => loss,
  accuracy: ({ accuracy }) => accuracy,
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
};

const EPOCH_COLUMNS: Readonly<Record<string, (record: EpochRecord) => Cell>> = {
  epoch: ({ epoch }) => epoch,
  step: ({ step }) => step,
  train_loss: ({ trainLoss }) => trainLoss,
  train_accuracy: ({ trainAccuracy }) => trainAccuracy,
  validation_loss: ({ validationLoss }) => validationLoss,
  validation_accuracy: ({ validationAccuracy }) => validationAccuracy,
  test_loss: ({ testLoss }) => testLoss,
  test_accuracy: ({ testAccuracy }) => testAccuracy,
  seconds: ({ seconds }) => seconds,
};

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
      yield headerOf(STEP_COLUMNS);
      const columns = Object.values(STEP_COLUMNS);
      const totals = { examples: 0, milliseconds: 0 };
      for await (const record of figures.steps()) {
        totals.examples += record.examples;
        totals.milliseconds += record.milliseconds;
        counts.steps++;
        yield lineOf(columns.map((column) => column(record, totals)));
      }
    }
    async function* epochLines(): AsyncGenerator<string> {
      yield headerOf(EPOCH_COLUMNS);
      const columns = Object.values(EPOCH_COLUMNS);
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
