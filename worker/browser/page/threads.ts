/** How many threads this browser may compute with, and if it is one, why. */
export interface ThreadLimit {
  readonly most: number;
  /** A sentence; undefined if there may be several. */
  readonly reason: string | undefined;
}

/** What a browser says of its page. */
export interface PageFacts {
  readonly isSecureContext: boolean;
  readonly crossOriginIsolated: boolean;
  /** The cores that the browser admits to. */
  readonly cores: number;
}

/** A tab with more threads than this gets shares that are too short for them. */
const THREADS_MAX = 16;

/**
 * Threads need shared memory. Browsers give it only to a page that came over https or from this
 * machine, and that is isolated from other pages by its headers.
 */
export function threadLimit({
  isSecureContext,
  crossOriginIsolated,
  cores,
}: PageFacts): ThreadLimit {
  const one = (reason: string): ThreadLimit => ({ most: 1, reason });
  if (!isSecureContext)
    return one('The tab computes with one thread, because the address of the page is not https.');
  if (!crossOriginIsolated)
    return one('The tab computes with one thread, because this browser does not isolate the page.');
  if (!(cores > 1))
    return one('The tab computes with one thread, because the browser sees one core.');
  return { most: Math.min(cores, THREADS_MAX), reason: undefined };
}

/** All but one: the rest of the machine needs one too. */
export const threadsByDefault = ({ most }: ThreadLimit): number => Math.max(1, most - 1);
