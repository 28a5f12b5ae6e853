import type { Ask } from '../../coordinator/dashboard/page/ui.ts';

/** A request of a page, which is answered by hand. */
export interface ToyRequest {
  readonly path: string;
  readonly method: string;
  readonly body: unknown;
  /** Answers with JSON. */
  answer(body: unknown, status?: number): Promise<void>;
  /** The connection breaks. */
  fail(message: string): Promise<void>;
}

/** A coordinator that answers by hand, and the requests that it has not answered yet. */
export function createToyAsk(): { readonly ask: Ask; readonly open: ToyRequest[] } {
  const open: ToyRequest[] = [];
  const ask: Ask = (path, init = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const { method = 'GET', body, signal } = init;
    signal?.addEventListener('abort', () => reject(signal.reason));
    const request: ToyRequest = {
      path,
      method,
      body: typeof body === 'string' ? JSON.parse(body) : undefined,
      answer(found, status = 200) {
        open.splice(open.indexOf(request), 1);
        resolve(Response.json(found, { status }));
        return settle();
      },
      fail(message) {
        open.splice(open.indexOf(request), 1);
        reject(new TypeError(message));
        return settle();
      },
    };
    open.push(request);
    return promise;
  };
  return { ask, open };
}

/** Lets everything happen that waits for nothing but its turn. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
