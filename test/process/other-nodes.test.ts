import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { findProgram } from '../support/browser/find-program.ts';
import { type CliOptions, runCli, runToDone, startCli } from '../support/processes/cli.ts';
import { findNode } from '../support/processes/other-node.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeToyDataset } from '../support/toy-dataset.ts';

/* Other versions of Node have other versions of V8, which compile the kernels differently. */

const VERSIONS = ['22.23.3', '26.12.1'] as const;
const FETCHED = '(skipped where npm has none for this machine)';
const ARM64_NODE = '24.21.0';
/** What Debian's `libc6-arm64-cross` and `libstdc++6-arm64-cross` install. */
const ARM64_LIBRARIES = '/usr/aarch64-linux-gnu';

const LAYERS = [
  { type: 'conv2d', filters: 3, kernel: 3 },
  { type: 'batch-norm' },
  { type: 'activation', function: 'gelu' },
  { type: 'max-pool', size: 2 },
  { type: 'flatten' },
  { type: 'dropout', rate: 0.2 },
  { type: 'dense', outputs: 8 },
  { type: 'activation', function: 'tanh' },
  { type: 'dense', outputs: 3 },
];

/** The flags of a run on the toy dataset. Its net has layers of most types. */
function runFlags(): string[] {
  const folder = temporaryFolder();
  writeToyDataset(folder);
  const model = join(folder, 'layers.json');
  writeFileSync(model, JSON.stringify({ layers: LAYERS }));
  const size = ['--global-batch', '96', '--micro-batches', '16', '--epochs', '1'];
  return ['--data-dir', folder, '--model', model, '--augment', 'flip,shift=1', ...size];
}

/** The hash of a run in one process and one thread of this Node. */
async function hashHere(flags: readonly string[]): Promise<string> {
  const { parametersSha256 } = await runToDone(['train', ...flags, ...'--workers 0'.split(' ')]);
  return parametersSha256;
}

/** The Node of a version. Skips the test if it cannot be had. */
function nodeOf(version: string, { skip }: TestContext, arch?: string): string {
  const node = findNode(version, arch);
  if ('missing' in node) return skip(node.missing);
  return node.file;
}

/** Trains with fast kernels. Resolves to the hash. */
async function trainFast(args: readonly string[], options: CliOptions): Promise<string> {
  const { code, stdout, stderr } = await runCli(['train', ...args, '--json'], options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const events = stdout.split('\n').map((line) => JSON.parse(line));
  expect(events.find(({ event }) => event === 'start')).not.toMatchObject({ tile: 'plain' });
  return events.at(-1).parametersSha256;
}

test.for(VERSIONS)(`Node %s trains to the same bits ${FETCHED}`, async (version, context) => {
  const node = [nodeOf(version, context)];
  const flags = runFlags();
  const hash = await hashHere(flags);
  for (const cluster of ['--workers 0 --threads 2', '--workers 2 --separate-processes'])
    expect(await trainFast([...flags, ...cluster.split(' ')], { node }), cluster).toBe(hash);
});

test(`workers of several versions of Node train together ${FETCHED}`, async (context) => {
  const others = VERSIONS.map((version) => [nodeOf(version, context)]);
  const flags = runFlags();
  const args = ['--port', '0', '--min-workers', '3', '--json'];
  const coordinator = startCli(['coordinator', ...flags, ...args]);
  const { url } = await coordinator.next('listening');
  for (const node of [[process.execPath], ...others])
    startCli(['worker', url, '--threads', '2'], { node });
  expect(await coordinator.next('done')).toMatchObject({
    parametersSha256: await hashHere(flags),
  });
});

const qemu = findProgram('qemu-aarch64-static', 'qemu-aarch64');
const canEmulate = qemu !== undefined && existsSync(join(ARM64_LIBRARIES, 'lib/libstdc++.so.6'));

test.skipIf(!canEmulate)(
  'an emulated arm64 trains to the same bits ' +
    '(skipped without qemu-user-static, libc6-arm64-cross and libstdc++6-arm64-cross)',
  { timeout: 600_000 },
  async (context) => {
    const node = [qemu ?? '', '-L', ARM64_LIBRARIES, nodeOf(ARM64_NODE, context, 'arm64')];
    const flags = [...runFlags(), '--workers', '0', '--threads', '2'];
    expect(await trainFast(flags, { node })).toBe(await hashHere(flags));
  },
);
