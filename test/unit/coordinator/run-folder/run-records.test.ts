import { readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  copyLines,
  countOthers,
  numberIn,
  openRecordWriter,
  readRecords,
} from '../../../../coordinator/run-folder/run-records.ts';
import { StepRecord } from '../../../../coordinator/training/ledger.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const readSteps = (path: string) => readRecords(path, StepRecord);

const recordOf = (step: number): StepRecord => ({
  step,
  epoch: 1,
  loss: 0.5,
  accuracy: 0.25,
  learningRate: 0.1,
  examples: 96,
  milliseconds: 12.5,
  worldSize: 2,
  work: [
    [0, 8, 'local-0/31'],
    [8, 16, null],
  ],
  fingerprint: 'f',
  chain: 'c',
});
const lineOf = (step: number) => `${JSON.stringify(recordOf(step))}\n`;

function metricsFile(content: string): string {
  const path = join(temporaryFolder(), 'metrics.jsonl');
  writeFileSync(path, content);
  return path;
}

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('the records of a run', () => {
  test('are read in the order of their lines, whatever the steps', async () => {
    const copies: StepRecord['copies'] = [[0, 8, 'local-1/32']];
    const withCopies = { ...recordOf(3), copies };
    const path = metricsFile(`${lineOf(5)}${JSON.stringify(withCopies)}\n`);
    expect(await readSteps(path)).toEqual([recordOf(5), withCopies]);
  });

  test('are none in an empty file', async () => {
    expect(await readSteps(metricsFile(''))).toEqual([]);
  });

  test.for([
    ['in a number', '{"step":1,"lo'],
    ['before its end of line', lineOf(1).trimEnd()],
  ] as const)('leave out a last line that is cut short %s', async ([, torn]) => {
    expect(await readSteps(metricsFile(lineOf(0) + torn))).toEqual([recordOf(0)]);
    expect(await readSteps(metricsFile(torn))).toEqual([]);
  });

  test.for([
    ['no JSON', '{"step":1,', /line 2/],
    ['empty', '', /line 2/],
    ['no record', '7', /line 2.*\b7\b/],
    ['null', 'null', /line 2.*null/],
    ['of a negative step', JSON.stringify({ ...recordOf(1), step: -1 }), /line 2.*step.*-1/],
    ['of epoch 0', JSON.stringify({ ...recordOf(1), epoch: 0 }), /line 2.*epoch.*0/],
    ['without a loss', JSON.stringify({ ...recordOf(1), loss: Number.NaN }), /line 2.*loss.*null/],
    ['with a key too many', JSON.stringify({ ...recordOf(1), more: 1 }), /line 2.*more/],
    ['of no work', JSON.stringify({ ...recordOf(1), work: [[0, 0, null]] }), /work\.0\.1.*0/],
  ] as const)('are refused when a line is %s', async ([, line, message]) => {
    const path = metricsFile(`${lineOf(0)}${line}\n${lineOf(2)}`);
    await expect(readSteps(path)).rejects.toThrow(failure('VERIFY', message));
    await expect(readSteps(path)).rejects.toThrow(path);
  });

  test('are none in a file that is not there', async () => {
    expect(await readSteps(join(temporaryFolder(), 'none.jsonl'))).toEqual([]);
  });
});

describe('the lines of a file that are not chosen', () => {
  const isBefore = (step: number) => (line: string) => numberIn(line, 'step') < step;
  async function keptOf(content: string, step: number): Promise<string> {
    const path = metricsFile(content);
    const kept = `${path}.kept`;
    await copyLines(path, kept, isBefore(step));
    const others = await countOthers(path, isBefore(step));
    const keptCount = readFileSync(kept, 'utf8').split('\n').length - 1;
    expect(others + keptCount).toBe(content.split('\n').length - (content.endsWith('\n') ? 1 : 0));
    expect(readFileSync(path, 'utf8')).toBe(content);
    return readFileSync(kept, 'utf8');
  }
  const three = lineOf(0) + lineOf(1) + lineOf(2);

  test.for([
    [0, ''],
    [1, lineOf(0)],
    [2, lineOf(0) + lineOf(1)],
    [3, three],
    [99, three],
  ] as const)('are those of step %d and later', async ([from, kept]) => {
    expect(await keptOf(three, from)).toBe(kept);
  });

  test('are also those that are not whole, wherever they are', async () => {
    const content = `${lineOf(0)}{"step":0,\n\n7\nnull\n"x"\n${lineOf(1)}${lineOf(2)}{"step":1,"lo`;
    expect(await keptOf(content, 2)).toBe(lineOf(0) + lineOf(1));
  });

  test('are not a last one of which a crash has cut off only the end', async () => {
    expect(await keptOf(lineOf(0) + lineOf(1).trimEnd(), 2)).toBe(lineOf(0) + lineOf(1));
  });

  test('are none in a file that is not there', async () => {
    expect(await countOthers(join(temporaryFolder(), 'none'), isBefore(5))).toBe(0);
  });

  test('are an error if the file cannot be read', async () => {
    const read = countOthers(temporaryFolder(), isBefore(5));
    await expect(read).rejects.toThrow(failure('FILE', /cannot read .*EISDIR/));
  });

  test('are an error if one is longer than any record', async () => {
    const path = metricsFile(lineOf(0));
    truncateSync(path, 600 * 2 ** 20);
    const read = countOthers(path, isBefore(5));
    await expect(read).rejects.toThrow(failure('FILE', /a line has more than 16777216 bytes/));
  });
});

describe('a writer of records', () => {
  test('goes on after a last line whose end is missing', async () => {
    const path = metricsFile(lineOf(0) + lineOf(1).trimEnd());
    const writer = openRecordWriter(path);
    writer.append(recordOf(2));
    writer.close();
    expect(await readSteps(path)).toHaveLength(3);
  });

  test('adds later what the disk did not take, and leaves no part of it', async () => {
    const path = join(temporaryFolder(), 'metrics.jsonl');
    let isFull = false;
    const writer = openRecordWriter(path, (file, bytes) => {
      // A disk takes what has room, and only the next call fails.
      if (!isFull) return writeSync(file, bytes.subarray(0, 100));
      writeSync(file, bytes.subarray(0, 5));
      throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
    });
    writer.append(recordOf(0));
    isFull = true;
    expect(() => writer.append(recordOf(1))).toThrow('no room');
    expect(() => writer.append(recordOf(2))).toThrow('no room');
    expect(readFileSync(path, 'utf8')).toBe(lineOf(0));
    isFull = false;
    writer.append(recordOf(3));
    writer.close();
    expect(await readSteps(path)).toEqual([0, 1, 2, 3].map(recordOf));
  });

  test('loses what is more than may wait', () => {
    const path = metricsFile('');
    let isFull = true;
    const write = (file: number, bytes: Uint8Array) => {
      if (isFull) throw new Error('no room');
      return writeSync(file, bytes);
    };
    const writer = openRecordWriter(path, write, 2);
    for (const a of [1, 2, 3]) expect(() => writer.append({ a })).toThrow('no room');
    isFull = false;
    writer.append({ a: 4 });
    writer.append({ a: 5 });
    writer.close();
    expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n{"a":2}\n{"a":5}\n');
  });

  test('knows how long the file was, with the end of a torn line', () => {
    const path = metricsFile('{"a":1}\n{"a":2}');
    const writer = openRecordWriter(path);
    expect(writer.bytesBefore).toBe(16);
    writer.append({ a: 3 });
    expect(writer.bytesBefore).toBe(16);
    writer.close();
  });
});
