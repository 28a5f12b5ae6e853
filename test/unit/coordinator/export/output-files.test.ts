import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  refuseExisting,
  refuseFile,
  writeOutput,
} from '../../../../coordinator/export/output-files.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const never = new AbortController().signal;

async function* piecesOf(...pieces: (string | Uint8Array)[]) {
  yield* pieces;
}

async function* failingPieces(error: unknown) {
  yield 'begun';
  throw error;
}

const failure = (message: RegExp) =>
  expect.objectContaining({ code: 'FILE', message: expect.stringMatching(message) });

describe('written files', () => {
  test('have all their pieces, in folders that are made', async () => {
    const folder = join(temporaryFolder(), 'new', 'er');
    const [text, empty] = [join(folder, 'a.txt'), join(folder, 'b')];
    await writeOutput(
      [
        { path: text, pieces: piecesOf('ä', Buffer.of(0x62), '', 'c') },
        { path: empty, pieces: piecesOf() },
      ],
      never,
    );
    expect(readFileSync(text, 'utf8')).toBe('äbc');
    expect(readFileSync(empty, 'utf8')).toBe('');
    expect(readdirSync(folder)).toEqual(['a.txt', 'b']);
  });

  test('are whole where pieces do not fit into one write, or are larger than that', async () => {
    const path = join(temporaryFolder(), 'big');
    const piece = (length: number, byte: number) => new Uint8Array(length).fill(byte);
    const pieces = [700_000, 700_000, 2 ** 20, 3_000_000, 5].map((n, i) => piece(n, i + 1));
    await writeOutput([{ path, pieces: piecesOf(...pieces) }], never);
    expect(readFileSync(path).equals(Buffer.concat(pieces))).toBe(true);
  });

  test('replace others, but only when all of them are whole', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a');
    writeFileSync(path, 'earlier');
    await expect(refuseExisting([join(folder, 'b'), path])).rejects.toEqual(
      failure(/\/a is there already: --force replaces it, or choose another place with --out\.$/),
    );
    const failing = { path: join(folder, 'b'), pieces: failingPieces(new Error('no')) };
    const writing = writeOutput([{ path, pieces: piecesOf('later') }, failing], never);
    await expect(writing).rejects.toThrow('no');
    expect(readFileSync(path, 'utf8')).toBe('earlier');
    await writeOutput([{ path, pieces: piecesOf('later') }], never);
    expect(readFileSync(path, 'utf8')).toBe('later');
  });

  test('are none if the pieces of one end with an error', async () => {
    const folder = temporaryFolder();
    const error = new Error('line 7 is no record');
    const files = [
      { path: join(folder, 'a'), pieces: piecesOf('x') },
      { path: join(folder, 'b'), pieces: failingPieces(error) },
    ];
    await expect(writeOutput(files, never)).rejects.toBe(error);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('are none if the last one cannot get its name', async () => {
    const folder = temporaryFolder();
    const [first, second] = [join(folder, 'a'), join(folder, 'b')];
    async function* obstruct() {
      mkdirSync(join(second, 'in the way'), { recursive: true });
      yield 'x';
    }
    const files = [
      { path: first, pieces: piecesOf('x') },
      { path: second, pieces: obstruct() },
    ];
    await expect(writeOutput(files, never)).rejects.toEqual(failure(/cannot write .*\/b: /));
    expect(readdirSync(folder)).toEqual(['b']);
  });

  test('are none if the user ends the command', async () => {
    const folder = temporaryFolder();
    const abort = new AbortController();
    const reason = new Error('SIGINT');
    let yielded = 0;
    async function* endless() {
      for (;;) {
        if (++yielded === 3) abort.abort(reason);
        yield 'x';
      }
    }
    const writing = writeOutput([{ path: join(folder, 'a'), pieces: endless() }], abort.signal);
    await expect(writing).rejects.toBe(reason);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('cannot be in a file', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(refuseFile(file)).rejects.toEqual(failure(/^--out .*\/file is a file: give a/));
    await refuseFile(join(file, '..'));
    await refuseFile(join(file, '..', 'new'));
    const files = [{ path: join(file, 'a'), pieces: piecesOf('x') }];
    await expect(writeOutput(files, never)).rejects.toEqual(failure(/cannot write .*\/file\/a: /));
    expect(existsSync(join(file, 'a'))).toBe(false);
  });
});
