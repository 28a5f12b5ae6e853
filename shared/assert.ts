/**
 * Holds an invariant of our own code. A failure is a programmer's error: it crashes the process, no caller
 * handles it. What a user or a peer can cause is a {@link LockstepError} instead.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`);
}
