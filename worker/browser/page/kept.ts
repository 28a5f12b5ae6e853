/*
 * What the tab remembers over a reload, and forgets when it is closed: the token, which leaves the
 * address, what the user chose, and whether the tab takes part.
 */

export interface Kept {
  readonly token?: string;
  readonly name?: string;
  readonly effort?: number;
  readonly threads?: number;
  /** What the coordinator issued; see `Hello`. */
  readonly identity?: string;
  readonly isStarted?: boolean;
}

const KEY = 'lockstep-tab';

/** Empty if nothing is kept, or if the browser keeps nothing. */
export function readKept(): Kept {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Kept;
  } catch {
    return {};
  }
}

export function keep(part: Kept): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...readKept(), ...part }));
  } catch {}
}

/** The settings in the fragment of the address, which the address then no longer has. */
export function takeFragment(): URLSearchParams {
  const settings = new URLSearchParams(location.hash.slice(1));
  if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
  return settings;
}
