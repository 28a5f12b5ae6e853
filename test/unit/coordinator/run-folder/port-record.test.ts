import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  readPortRecord,
  removePortRecord,
  writePortRecord,
} from '../../../../coordinator/run-folder/port-record.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const record = { port: 4711, controlToken: 'a-token-of-24-characters' };

describe('the record of a port', () => {
  test('is for its user alone, and is gone when it is removed', async () => {
    const folder = temporaryFolder();
    await writePortRecord(folder, record);
    const path = join(folder, 'port.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await readPortRecord(folder)).toEqual(record);
    await writePortRecord(folder, { port: 1 });
    expect(await readPortRecord(folder)).toEqual({ port: 1 });
    await removePortRecord(folder);
    await removePortRecord(folder);
    expect(existsSync(path)).toBe(false);
    expect(await readPortRecord(folder)).toBeUndefined();
  });

  test.for([0o640, 0o604, 0o660])('is not used if others may touch it (%o)', async (mode) => {
    const folder = temporaryFolder();
    await writePortRecord(folder, record);
    chmodSync(join(folder, 'port.json'), mode);
    expect(await readPortRecord(folder)).toBeUndefined();
  });

  test('is not used, and not waited for, if it is a named pipe', async () => {
    const folder = temporaryFolder();
    execFileSync('mkfifo', ['--mode', '600', join(folder, 'port.json')]);
    expect(await readPortRecord(folder)).toBeUndefined();
  });

  test.for([
    ['', 'no JSON'],
    ['{"port":0}', 'a port that is none'],
    ['{"port":80,"controlToken":"short"}', 'a token that anybody guesses'],
    [`{"port":80${' '.repeat(2000)}}`, 'too long'],
  ])('is not used if it is %j: %s', async ([content]) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'port.json'), content, { mode: 0o600 });
    expect(await readPortRecord(folder)).toBeUndefined();
  });

  test('is not used if it is a link or a folder', async () => {
    const [folder, other] = [temporaryFolder(), temporaryFolder()];
    await writePortRecord(other, record);
    symlinkSync(join(other, 'port.json'), join(folder, 'port.json'));
    expect(await readPortRecord(folder)).toBeUndefined();
  });
});
