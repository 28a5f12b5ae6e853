import type { ServerResponse } from 'node:http';

/** Headers of every answer: only our own pages may use it, as the type that it has, and now. */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

export function sendError(response: ServerResponse, code: number, error: string): void {
  sendJson(response, code, JSON.stringify({ error }));
}

export const sendJson = (response: ServerResponse, code: number, json: string): void =>
  send(response, code, 'application/json', `${json}\n`);

/** Sends the body with the headers of every answer. A `HEAD` request gets the headers alone. */
export function send(
  response: ServerResponse,
  code: number,
  type: string,
  body: string | Uint8Array,
): void {
  response.writeHead(code, {
    ...SECURITY_HEADERS,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
