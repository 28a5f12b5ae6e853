import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { docker, hasEngine, IMAGE, RUN_FLAGS } from '../support/docker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the parameters that a run with {@link RUN_FLAGS} ends with where nothing happens to it. */
    undisturbedSha256: string;
  }
}

/** Builds the image, and trains once on this machine, in one process, with the dataset that is in the image. */
export async function setup(project: TestProject): Promise<void> {
  if (!hasEngine) return console.warn('No Docker engine answers: the container tests are skipped.');
  await docker('build', '--file', 'deploy/Dockerfile', '--tag', IMAGE, '.');
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-test-'));
  const container = (await docker('create', IMAGE)).trim();
  try {
    const dataDir = join(folder, 'data');
    await docker('cp', `${container}:/usr/share/datasets/fashion-mnist`, dataDir);
    const where = ['--workers', '0', '--data-dir', dataDir, '--out', join(folder, 'run'), '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, [
      'cli.ts',
      'train',
      ...RUN_FLAGS,
      ...where,
    ]);
    project.provide('undisturbedSha256', JSON.parse(stdout.trim().split('\n').at(-1) ?? '').parametersSha256);
  } finally {
    await docker('rm', container);
    await rm(folder, { recursive: true });
  }
}
