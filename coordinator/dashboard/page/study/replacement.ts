import type { RunView } from '../../model/run-view.ts';

/*
 * A page stays open when its coordinator ends, and another run may take the same port. The page
 * sees that at the stream's source. A page whose run is over has no stream anymore: it asks again
 * when its reader comes back to it.
 */

/** Whether the run that the page studies may have been replaced by another one. */
export interface ReplacementWatch {
  /** Whether to ask which run it is. Each reason is told once. */
  isToAsk(): boolean;
}

export function watchReplacement(
  run: { readonly view: Pick<RunView, 'cursor'> },
  page: Pick<EventTarget, 'addEventListener'>,
): ReplacementWatch {
  let source = run.view.cursor?.source;
  let hasComeBack = false;
  page.addEventListener('focus', () => {
    hasComeBack = true;
  });
  return {
    isToAsk() {
      const now = run.view.cursor?.source;
      const isOther = now !== source && source !== undefined;
      const isToAsk = hasComeBack || isOther;
      source = now ?? source;
      hasComeBack = false;
      return isToAsk;
    },
  };
}

/** Whether two values of JSON are the same, whatever the order of their names. */
export function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) =>
    isSame((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
  );
}
