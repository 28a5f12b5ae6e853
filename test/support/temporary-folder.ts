import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/**
 * Makes a folder that is removed when the test ends. The removal is retried, because a killed
 * process may still write into the folder.
 */
export function temporaryFolder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }));
  return directory;
}
