import v8 from 'node:v8';

/**
 * Each flag with the first and the last major version of V8 that gets it. V8 complains on standard
 * error about a flag that it does not know.
 */
const FLAGS = [
  // Two adjacent 128-bit operations become one 256-bit operation.
  ['--experimental-wasm-revectorize', 12, Number.POSITIVE_INFINITY],
  // Kernels run fully optimized from the first call on.
  ['--no-liftoff', 9, 13],
  // Newer versions cannot do without the baseline compiler. There the kernels are optimized soon.
  ['--wasm-tiering-budget=1000', 14, Number.POSITIVE_INFINITY],
  // Frames are garbage outside V8's heap, megabytes per step. By default, V8 scans its whole heap
  // after every 64 MB of them, which took as long as the rest of a step. With this flag, they count
  // toward the same limits as the heap itself.
  ['--external-memory-accounted-in-global-limit', 13, Number.POSITIVE_INFINITY],
  // V8 collects when its memory has grown by a part of itself. By default this part is large enough
  // for 300 MB of garbage, because the gigabyte that WebAssembly only reserves counts too.
  ['--heap-growing-percent=3', 9, Number.POSITIVE_INFINITY],
  // V8 can also scan its heap in small increments. Then every frame that arrives hurries it on.
  // With about ten connections, V8 did nothing else.
  ['--no-incremental-marking', 9, Number.POSITIVE_INFINITY],
  // Without this flag, data of the newest steps makes V8 enlarge the young generation repeatedly.
  ['--semi-space-growth-factor=1', 9, Number.POSITIVE_INFINITY],
] as const;

/** V8 has these flags on one kind of processor only. */
const ONLY_ON: Readonly<Record<string, NodeJS.Architecture>> = {
  '--experimental-wasm-revectorize': 'x64',
};

/** The flags for a version of V8, such as 13.6, on a kind of processor. */
export function v8FlagsFor(version: string, arch: NodeJS.Architecture): string[] {
  const major = Number.parseInt(version, 10);
  return FLAGS.filter(([, first, last]) => major >= first && major <= last)
    .map(([flag]) => flag)
    .filter((flag) => (ONLY_ON[flag] ?? arch) === arch);
}

/** The flags for this process. They change the speed and no result. */
export const V8_FLAGS: readonly string[] = v8FlagsFor(process.versions.v8, process.arch);

/**
 * Sets the flags. Call this before WebAssembly is compiled, but after JavaScript is. V8 reuses the
 * compiled JavaScript of earlier processes, even that of Node's own modules. It cannot do so after
 * its flags have changed.
 */
export function setV8Flags(): void {
  for (const flag of V8_FLAGS) v8.setFlagsFromString(flag);
}
