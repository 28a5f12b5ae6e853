/** What this browser remembers: for this tab, or for all tabs of this address. */
type Store = 'sessionStorage' | 'localStorage';

/** Undefined if nothing is kept, or if the browser keeps nothing at all. */
export function remembered(store: Store, key: string): string | undefined {
  try {
    return globalThis[store].getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a value, or forgets it. A browser that keeps nothing only costs the user a repetition. */
export function remember(store: Store, key: string, value: string | undefined): void {
  try {
    if (value === undefined) globalThis[store].removeItem(key);
    else globalThis[store].setItem(key, value);
  } catch {}
}
