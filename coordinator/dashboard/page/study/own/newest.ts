/**
 * Gives values to `work`, one at a time. While it works, newer values take the place of older ones,
 * so that it never lags behind.
 */
export function newestOnly<Value>(work: (value: Value) => Promise<void>): (value: Value) => void {
  let next: { readonly value: Value } | undefined;
  let isWorking = false;
  async function workOn(): Promise<void> {
    isWorking = true;
    while (next) {
      const { value } = next;
      next = undefined;
      await work(value);
    }
    isWorking = false;
  }
  return (value) => {
    next = { value };
    if (!isWorking) void workOn();
  };
}
