import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRegularFile, readShortText, readTextFile } from '../../../../shared/host/read-file.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

function fileWith(content: string): string {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, content);
  return path;
}

const refusal = (message: string) => expect.objectContaining({ code: 'FILE', message });

describe('a file', () => {
  test('is read whole, also through a link', async () => {
    const path = fileWith('content');
    symlinkSync(path, `${path}-link`);
    expect(await readTextFile(path)).toBe('content');
    expect(await readTextFile(`${path}-link`, 7)).toBe('content');
    expect(readShortText(path, 7)).toBe('content');
  });

  test('whose size the system does not tell is read to its end', async () => {
    expect(await readTextFile('/proc/self/status')).toMatch(/^Name:/);
  });

  test('that is longer than the limit is refused without being read', async () => {
    const path = fileWith('');
    truncateSync(path, 2 ** 40);
    await expect(readRegularFile(path, 100)).rejects.toEqual(
      refusal('it has 1099511627776 bytes, but at most 100 belong there'),
    );
    await expect(readTextFile('/proc/self/status', 100)).rejects.toEqual(
      refusal('it has more than 100 bytes, but at most 100 belong there'),
    );
  });

  test.for([
    ['a folder', (path: string) => mkdirSync(path)],
    ['a named pipe', (path: string) => execFileSync('mkfifo', [path])],
    ['a device', (path: string) => symlinkSync('/dev/zero', path)],
  ] as const)('that is %s is refused at once', async ([kind, make]) => {
    const path = join(temporaryFolder(), 'path');
    make(path);
    await expect(readRegularFile(path, 100)).rejects.toEqual(
      refusal(`it is ${kind}, not a regular file`),
    );
  });

  test('that is not there rejects with the reason of the system', async () => {
    await expect(readRegularFile('/no/such/file', 100)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a short text', () => {
  test('of a device that never ends is refused', () => {
    expect(() => readShortText('/dev/zero', 100)).toThrow(
      'it has more than 100 bytes, but at most 100 belong there',
    );
  });

  test('is not a folder', () => {
    expect(() => readShortText(temporaryFolder())).toThrow('it is a folder');
  });
});
