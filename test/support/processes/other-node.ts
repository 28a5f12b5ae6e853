import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where the programs stay for the next tests: each is 50 MB to fetch. */
const CACHE = join(tmpdir(), 'lockstep-test-nodes');

/** A program, or why it cannot be had. */
export type Program = { readonly file: string } | { readonly missing: string };

/**
 * The Node of a version, such as 22.23.3, for a kind of processor, from npm's registry. It is
 * fetched once per machine.
 */
export function findNode(version: string, arch: string = process.arch): Program {
  const name = `node-${process.platform}-${arch}@${version}`;
  const folder = join(CACHE, name);
  const file = join(folder, 'package/bin/node');
  if (existsSync(file)) return { file };
  const unfinished = `${folder}-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    const packing = ['pack', name, '--silent', '--pack-destination', unfinished];
    const { status, stdout, stderr } = spawnSync('npm', packing, { encoding: 'utf8' });
    if (status !== 0) return { missing: `npm has no ${name} here: ${stderr.trim()}` };
    const archive = join(unfinished, stdout.trim());
    const unpacked = spawnSync('tar', ['-xzf', archive, '-C', unfinished, 'package/bin/node']);
    if (unpacked.status !== 0) return { missing: `tar cannot unpack ${archive}` };
    rmSync(archive);
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
    return { file };
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
