import v8 from 'node:v8';

/** Each flag, and the major versions of V8 that it is right for: of one that it lacks V8 complains on standard error. */
const FLAGS = [
  // Two 128-bit operations side by side become one of 256 bits.
  ['--experimental-wasm-revectorize', 12, Number.POSITIVE_INFINITY],
  // Kernels run compiled in full from the first call on, or, where V8 cannot do without the first compiler, soon.
  ['--no-liftoff', 9, 13],
  ['--wasm-tiering-budget=1000', 14, Number.POSITIVE_INFINITY],
  // Frames are garbage outside V8's heap, megabytes a step. By default every 64 MB of it make V8 look through its whole
  // heap, which took as long as the rest of a step; this way they count against the same limits as the heap itself.
  ['--external-memory-accounted-in-global-limit', 13, Number.POSITIVE_INFINITY],
  // And where it nevertheless begins to look through the heap, little by little, every frame that comes meanwhile
  // hurries it on: with some ten connections it never did anything else.
  ['--no-incremental-marking', 9, Number.POSITIVE_INFINITY],
  // What is kept of the newest steps would have V8 enlarge the young generation again and again.
  ['--semi-space-growth-factor=1', 9, Number.POSITIVE_INFINITY],
] as const;

const majorVersion = Number.parseInt(process.versions.v8, 10);

/** The flags for this V8. They change speed, no result. */
export const V8_FLAGS: readonly string[] = FLAGS.filter(
  ([, first, last]) => majorVersion >= first && majorVersion <= last,
).map(([flag]) => flag);

/**
 * To be called before WebAssembly is compiled, but after JavaScript was: code that V8 keeps from one process to the next,
 * of Node's own modules too, is of no use to it once its flags are others.
 */
export function setV8Flags(): void {
  for (const flag of V8_FLAGS) v8.setFlagsFromString(flag);
}
