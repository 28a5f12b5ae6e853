import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TOKEN_HEADER } from '../../../shared/protocol/limits.ts';

/**
 * What a peer may do.
 *
 * - `watch`: read the status, the steps and the page.
 * - `work`: join as a worker, and get the dataset.
 * - `control`: stop the run, and disturb, start and dismiss its workers.
 *
 * Control always needs a token. Without `--token` on a port of this machine alone, everybody may
 * watch and work, because whoever reaches the port is on this machine. But any program on it, of
 * any user, and any page that finds a way past the checks of `hosts.ts`, reaches the port too. None
 * of these may stop a run. So a control token is made for the run, and printed once.
 */
export type Right = 'watch' | 'work' | 'control';

/** The rights of a peer that gives this token, or none. */
export type RightsOf = (token: string | undefined) => ReadonlySet<Right>;

export interface Secrets {
  /** Gives all rights. Null: everybody may watch and work. */
  readonly token: string | null;
  /**
   * Gives the right to watch, where there is a token. Null: everybody may watch. Undefined: only
   * `token` gives it.
   */
  readonly watchToken?: string | null | undefined;
  /**
   * Gives the right to work, where there is a token. Null: everybody may work. Undefined: only
   * `token` gives it.
   */
  readonly workToken?: string | null | undefined;
  /** Gives all rights, where there is no token. Undefined: nobody may control. */
  readonly controlToken?: string | undefined;
}

const ALL: ReadonlySet<Right> = new Set(['watch', 'work', 'control']);
const OPEN_RIGHTS: readonly Right[] = ['watch', 'work'];
const OPEN: ReadonlySet<Right> = new Set(OPEN_RIGHTS);

export function createRights(secrets: Secrets): RightsOf {
  const { token, watchToken, workToken, controlToken } = secrets;
  if (token === null) {
    const mayControl = controlToken === undefined ? () => false : createCheck(controlToken);
    return (given) => (mayControl(given) ? ALL : OPEN);
  }
  const isToken = createCheck(token);
  const [mayWatch, mayWork] = [watchToken, workToken].map(checkFor);
  return (given) => {
    // All are compared, so that the time tells nothing about any of them.
    const [isAllowed, isWatcher, isWorker] = [isToken(given), mayWatch(given), mayWork(given)];
    if (isAllowed) return ALL;
    return new Set(OPEN_RIGHTS.filter((right) => (right === 'watch' ? isWatcher : isWorker)));
  };
}

/** Null: everybody passes. Undefined: nobody does. */
function checkFor(secret: string | null | undefined): ReturnType<typeof createCheck> {
  return typeof secret === 'string' ? createCheck(secret) : () => secret === null;
}

/** Compares digests in constant time, so the duration tells an attacker nothing about the token. */
function createCheck(expected: string): (given: string | undefined) => boolean {
  const digest = (token: string) => createHash('sha256').update(token).digest();
  const expectedDigest = digest(expected);
  return (given) => given !== undefined && timingSafeEqual(digest(given), expectedDigest);
}

/** A page for browsers without JavaScript, which can send a token only as a password. */
export const PLAIN_PAGE = '/status';

/**
 * The token of a request: in `Authorization: Bearer TOKEN` (RFC 6750 section 2.1), or in a header
 * of our own, because a proxy may want the other one for itself. For the plain page it may be the
 * password of `Authorization: Basic` (RFC 7617). Nowhere else: a browser adds a password by itself,
 * also to a request that another page has caused.
 */
export function tokenOf({
  headers,
  method,
  url = '/',
}: Pick<IncomingMessage, 'headers' | 'method' | 'url'>): string | undefined {
  const own = headers[TOKEN_HEADER];
  if (typeof own === 'string') return own;
  const [, scheme, value] = /^(Bearer|Basic) +(.+?) *$/i.exec(headers.authorization ?? '') ?? [];
  if (scheme?.toLowerCase() !== 'basic') return value;
  const isForPlainPage = isReading(method) && url.split('?')[0] === PLAIN_PAGE;
  return isForPlainPage ? passwordIn(value) : undefined;
}

const isReading = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD';

/** The password of "user:password" in base64. */
function passwordIn(credentials: string): string | undefined {
  return /^[^:]*:(.*)$/s.exec(Buffer.from(credentials, 'base64').toString())?.[1];
}
