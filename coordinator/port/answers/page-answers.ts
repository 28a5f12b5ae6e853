import type { IncomingMessage, ServerResponse } from 'node:http';
import { SECURITY_HEADERS, send, sendError } from './send.ts';

/** A file of a page. */
export interface PageFile {
  readonly type: string;
  readonly body: Uint8Array;
  /** The same, compressed, by the name of the encoding. */
  readonly encoded: { readonly [Name in Encoding]?: Uint8Array };
}

/** The encodings of a file, the smallest result first. */
const ENCODINGS = ['br', 'gzip'] as const;
type Encoding = (typeof ENCODINGS)[number];

/**
 * What a browser may do with the page: use its own files and its own coordinator, and nothing else.
 * The headers of isolation let a page use threads.
 */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; " +
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
} as const;

/** The dashboard, and the page on which a tab becomes a worker. */
const PAGES: ReadonlySet<string> = new Set(['/', '/join']);

/** The name of such a file has a hash of its content, so the content never changes. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/**
 * Whether a browser asks for a file of a page. These files tell nothing of the run, so they
 * need no token.
 */
export function isForPage({ method, headers }: IncomingMessage, pathname: string): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (pathname.startsWith('/assets/')) return true;
  return PAGES.has(pathname) && /\btext\/html\b/.test(headers.accept ?? '');
}

export function sendPageFile(
  response: ServerResponse,
  pathname: string,
  files: ReadonlyMap<string, PageFile>,
): void {
  const file = files.get(pathname);
  if (!file) {
    const advice = files.size === 0 ? ': the dashboard is not built, run "npm run build"' : '';
    return sendError(response, 404, `no ${pathname} here${advice}`);
  }
  const { method, headers } = response.req;
  const encoding = encodingFor(headers['accept-encoding'], file);
  const body = (encoding && file.encoded[encoding]) ?? file.body;
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    ...PAGE_HEADERS,
    ...(!PAGES.has(pathname) && { 'cache-control': FOR_EVER }),
    vary: 'accept, accept-encoding',
    ...(encoding && { 'content-encoding': encoding }),
    'content-type': file.type,
    'content-length': body.byteLength,
  });
  response.end(method === 'HEAD' ? undefined : body);
}

/** Sends a page that is made for this answer. */
export function sendHtml(response: ServerResponse, html: string): void {
  for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
  send(response, 200, 'text/html; charset=utf-8', html);
}

/** The best encoding that the file has and the browser takes (RFC 9110 section 12.5.3). */
function encodingFor(accepted: unknown, { encoded }: PageFile): Encoding | undefined {
  const taken = new Map(
    String(accepted ?? '')
      .toLowerCase()
      .split(',')
      .map((part) => {
        const [name, ...parameters] = part.split(';').map((text) => text.trim());
        const isRefused = parameters.some((text) => /^q=0(\.0*)?$/.test(text));
        return [name, !isRefused];
      }),
  );
  return ENCODINGS.find((name) => encoded[name] && (taken.get(name) ?? taken.get('*')));
}
