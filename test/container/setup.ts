import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import {
  docker,
  hasEngine,
  IMAGE,
  LONG_RUN_FLAGS,
  RUN_FLAGS,
} from '../support/containers/docker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The SHA-256 of the final parameters of an undisturbed run with {@link RUN_FLAGS}. */
    undisturbedSha256: string;
    /** The same with {@link LONG_RUN_FLAGS}. */
    longUndisturbedSha256: string;
  }
}

/**
 * Builds the image. Then trains once in one process on this machine, with the dataset from the
 * image.
 */
export async function setup(project: TestProject): Promise<void> {
  if (!hasEngine)
    return console.warn('No Docker engine answers, so the container tests are skipped.');
  await docker('build', '--file', 'deploy/Dockerfile', '--tag', IMAGE, '.');
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-test-'));
  const container = (await docker('create', IMAGE)).trim();
  try {
    const dataDir = join(folder, 'data');
    await docker('cp', `${container}:/usr/share/datasets/fashion-mnist`, dataDir);
    project.provide('undisturbedSha256', await sha256Of(RUN_FLAGS, dataDir, folder));
    project.provide('longUndisturbedSha256', await sha256Of(LONG_RUN_FLAGS, dataDir, folder));
  } finally {
    await docker('rm', container);
    await rm(folder, { recursive: true });
  }
}

/** Trains in one process. Resolves to the SHA-256 of the final parameters. */
async function sha256Of(flags: string[], dataDir: string, folder: string): Promise<string> {
  const out = join(folder, `run-${flags.length}`);
  const where = ['--workers', '0', '--data-dir', dataDir, '--out', out, '--json'];
  const command = ['cli.ts', 'train', ...flags, ...where];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '').parametersSha256;
}
