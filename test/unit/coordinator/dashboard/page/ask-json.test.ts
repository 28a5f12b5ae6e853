import { describe, expect, test } from 'vitest';
import { askJson } from '../../../../../coordinator/dashboard/page/ask-json.ts';

const answering =
  (body: string, status = 200) =>
  () =>
    Promise.resolve(new Response(body, { status }));

describe('an answer of the coordinator', () => {
  test('is the object in its JSON', async () => {
    expect(await askJson(answering('{"a":1}'), 'api/a')).toEqual({ a: 1 });
  });

  test.for([
    ['what the coordinator says is wrong', '{"error":"no worker has rank 9"}', 409],
    ['the status of a page from a proxy', '<h1>Bad gateway</h1>', 502],
    ['the status of an error without words', '{"error":7}', 500],
    ['the status of an answer that is no object', '7', 200],
    ['the status of an answer that is no JSON', '', 200],
  ] as const)('that is none throws %s', async ([, body, status]) => {
    const expected = status === 409 ? 'no worker has rank 9' : `the answer is ${status}`;
    await expect(askJson(answering(body, status), 'api/a')).rejects.toThrow(expected);
  });

  test('that never comes is given up', async () => {
    const silent = (_path: string, { signal }: RequestInit = {}) =>
      new Promise<Response>((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason)),
      );
    await expect(askJson(silent, 'api/a', {}, 1)).rejects.toThrow(
      'the coordinator has not answered for 0.001 s',
    );
  });

  test('that cannot come throws why', async () => {
    const broken = () => Promise.reject(new TypeError('Failed to fetch'));
    await expect(askJson(broken, 'api/a')).rejects.toThrow(
      'the coordinator does not answer: Failed to fetch',
    );
  });
});
