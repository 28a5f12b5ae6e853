/**
 * Checks an invariant of our own code. A failure is a programming error: it crashes the process,
 * and no caller handles it. Failures that users or peers can cause are {@link LockstepError}s.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`);
}
