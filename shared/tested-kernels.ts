import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Tile } from './engine/wasm-products.ts';
import { V8_FLAGS } from './v8-flags.ts';

/**
 * A name for what the self-test has shown: that these kernels compute the right bits on this machine, in this Node and
 * with these flags, and fastest with this tile. Another process on the same machine need not test them again as long as
 * it comes to the same name.
 */
export function nameOfTested(kernels: Uint8Array, tile: Tile): string {
  const { execPath, versions, arch, env } = process;
  const { size, mtimeMs } = statSync(execPath);
  const node = JSON.stringify([execPath, size, mtimeMs, versions.v8, arch, env.NODE_OPTIONS, V8_FLAGS]);
  return `${tile} ${createHash('sha256').update(node).update(kernels).digest('hex')}`;
}
