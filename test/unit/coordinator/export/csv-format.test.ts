import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { csvFormat } from '../../../../coordinator/export/csv-format.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import {
  epochOf,
  epochWithErrors,
  figuresFolder,
  stepOf,
  stepWithErrors,
} from '../../../support/toy-figures.ts';

const context = { signal: new AbortController().signal, replace: false };

/** A strict reader of RFC 4180: rows of fields, by the names in the header. */
function readCsv(file: string): Record<string, string>[] {
  const text = readFileSync(file, 'utf8');
  expect(text.endsWith('\r\n')).toBe(true);
  const rows: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  while (field.lastIndex < text.length) {
    const found = field.exec(text);
    if (!found) throw new Error('a field is not as RFC 4180 has it');
    rows.at(-1)?.push(found[1]?.replaceAll('""', '"') ?? found[2]);
    if (found[3] === '\r\n') rows.push([]);
  }
  const [header, ...lines] = rows.slice(0, -1);
  for (const line of lines) expect(line).toHaveLength(header.length);
  return lines.map((line) => Object.fromEntries(header.map((name, i) => [name, line[i]])));
}

/** Exports a run. Returns the rows of both tables. */
async function exportRun(run: string) {
  const out = join(temporaryFolder(), 'tables');
  const exported = await csvFormat.write(run, out, context);
  expect(exported.files).toEqual([join(out, 'steps.csv'), join(out, 'epochs.csv')]);
  expect(readdirSync(out)).toEqual(['epochs.csv', 'steps.csv']);
  const [steps, epochs] = exported.files.map(readCsv);
  return { ...exported, steps, epochs };
}

describe('the tables of a run', () => {
  test('have a row for each step and each epoch', async () => {
    const run = await figuresFolder(
      [0, 1, 2, 3, 4].map((i) => stepOf(i)),
      [epochOf(1)],
    );
    const { steps, epochs, facts } = await exportRun(run);
    expect(facts).toEqual({ steps: 5, epochs: 1, isDone: false });
    expect(steps.map(({ step, epoch }) => `${step} ${epoch}`)).toEqual([
      '0 1',
      '1 1',
      '2 1',
      '3 1',
      '4 2',
    ]);
    expect(steps[4]).toEqual({
      step: '4',
      epoch: '2',
      loss: String(1 / 7),
      accuracy: '0.5',
      learning_rate: '0.1',
      examples: '96',
      milliseconds: '100',
      examples_per_second: '960',
      total_examples: '480',
      total_seconds: '0.5',
      world_size: '2',
      contributors: '2',
      sums: '3',
      copies: '0',
      fingerprint: 'fingerprint 4',
      chain: 'chain 4',
    });
    expect(epochs).toEqual([
      {
        epoch: '1',
        step: '4',
        train_loss: '0.5',
        train_accuracy: '0.75',
        validation_loss: '0.25',
        validation_accuracy: '0.875',
        test_loss: '0.125',
        test_accuracy: '0.9',
        seconds: '0.6',
      },
    ]);
  });

  test('have errors in place of accuracies if the target is a number', async () => {
    const options = { isRegression: true };
    const run = await figuresFolder([stepWithErrors], [epochWithErrors], options);
    const { steps, epochs } = await exportRun(run);
    expect(steps[0]).toMatchObject({ rmse: '2', mae: '1.5', r2: '-0.25', learning_rate: '0.1' });
    expect(epochs[0]).toMatchObject({ train_rmse: '2', validation_mae: '1.5', test_rmse: '3' });
    const names = Object.keys({ ...steps[0], ...epochs[0] });
    expect(names.filter((name) => name.includes('accuracy'))).toEqual([]);
  });

  test('have every number with all its digits', async () => {
    const numbers = [0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, 1e21, 123456789.123, -0.5];
    const run = await figuresFolder(
      numbers.map((loss, i) => stepOf(i, { loss })),
      [],
    );
    const { steps } = await exportRun(run);
    expect(steps.map(({ loss }) => Number(loss))).toEqual(numbers);
  });

  test('have an empty field for a number that does not exist', async () => {
    const withoutValidation = { validationLoss: null, validationAccuracy: null };
    const run = await figuresFolder(
      [stepOf(0, { milliseconds: 0 })],
      [epochOf(1, withoutValidation)],
    );
    const { steps, epochs } = await exportRun(run);
    expect(steps[0].examples_per_second).toBe('');
    expect(epochs[0]).toMatchObject({ validation_loss: '', validation_accuracy: '' });
  });

  test('count copies, and the coordinator as one that contributed', async () => {
    const run = await figuresFolder(
      [
        stepOf(0, {
          work: [[0, 16, null]],
          copies: [
            [0, 8, 'a'],
            [8, 16, 'b'],
          ],
        }),
      ],
      [],
    );
    const { steps, epochs } = await exportRun(run);
    expect(steps[0]).toMatchObject({ contributors: '1', sums: '1', copies: '2' });
    expect(epochs).toEqual([]);
  });

  test('do not hold the names of workers, and quote what needs it', async () => {
    const work: [number, number, string][] = [[0, 16, '=HYPERLINK("evil")']];
    const run = await figuresFolder([stepOf(0, { work, chain: 'a "b", c\r\nd' })], []);
    const { files, steps } = await exportRun(run);
    expect(steps[0].chain).toBe('a "b", c\r\nd');
    expect(readFileSync(files[0], 'utf8')).not.toContain('HYPERLINK');
  });

  test('go into the run by default, and replace others only if that is asked for', async () => {
    const run = await figuresFolder([stepOf(0)], []);
    expect(csvFormat.defaultOut(run)).toBe(join(run, 'csv'));
    await csvFormat.write(run, join(run, 'csv'), context);
    await expect(csvFormat.write(run, join(run, 'csv'), context)).rejects.toMatchObject({
      code: 'FILE',
      message: expect.stringMatching(/steps\.csv is there already: --force replaces it, or/),
    });
    const again = { ...context, replace: true };
    const { facts } = await csvFormat.write(run, join(run, 'csv'), again);
    expect(facts).toMatchObject({ steps: 1 });
  });

  test('are not left half done if a record is damaged', async () => {
    const run = await figuresFolder([stepOf(0)], [], { torn: 'garbage\n' });
    const out = join(temporaryFolder(), 'tables');
    await expect(csvFormat.write(run, out, context)).rejects.toMatchObject({
      code: 'VERIFY',
      message: expect.stringMatching(/metrics\.jsonl, line 2: /),
    });
    expect(readdirSync(out)).toEqual([]);
  });
});
