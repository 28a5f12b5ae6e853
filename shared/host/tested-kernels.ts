import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Tile } from '../engine/wasm/wasm-products.ts';
import { V8_FLAGS } from './v8-flags.ts';

/**
 * A name for a result of the self-test: on this machine, in this Node and with these flags, these
 * kernels compute the right bits, and this tile is the fastest. A process on the same machine that
 * computes the same name need not test the kernels again.
 */
export function nameOfTested(kernels: Uint8Array, tile: Tile): string {
  const { execPath, versions, arch, env } = process;
  const { size, mtimeMs } = statSync(execPath);
  const node = JSON.stringify([
    execPath,
    size,
    mtimeMs,
    versions.v8,
    arch,
    env.NODE_OPTIONS,
    V8_FLAGS,
  ]);
  return `${tile} ${createHash('sha256').update(node).update(kernels).digest('hex')}`;
}
