import { describe, expect, test } from 'vitest';
import type { Predict } from '../../../../../coordinator/port/answers/predict-answer.ts';
import { createRights } from '../../../../../coordinator/port/answers/rights.ts';
import { startPortServer } from '../../../../support/processes/port-server.ts';

const PNG = { 'content-type': 'image/png' };

/** A port whose predictions say what they were asked. */
async function port(answer?: ReturnType<Predict>) {
  const asked: string[] = [];
  const predict: Predict = ({ type, bytes }, query) => {
    asked.push(`${type} ${Buffer.from(bytes)} ${query}`);
    return answer ?? { status: 200, prediction: { step: 3 } };
  };
  const rightsOf = createRights({ token: 'secret', watchToken: 'look' });
  const server = await startPortServer({ predict, rightsOf });
  const post = (
    body: string | Buffer,
    headers: Record<string, string>,
    token = 'look',
    query = '',
  ) =>
    fetch(`http://127.0.0.1:${server.port}/api/predict${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...headers },
      body,
    });
  return { ...server, post, asked };
}

describe('POST /api/predict', () => {
  test('answers whoever may watch', async () => {
    const { post, asked } = await port();
    const response = await post('picture', PNG, 'look', '?invert=true');
    expect([response.status, await response.json()]).toEqual([200, { step: 3 }]);
    await post('{}', { 'content-type': 'application/json; charset=utf-8' }, 'secret');
    expect(asked).toEqual(['image/png picture invert=true', 'application/json {} ']);
    expect((await post('picture', PNG, 'guess')).status).toBe(401);
    expect(asked).toHaveLength(2);
  });

  test.for([
    [{ status: 400, error: 'it is damaged' }, null],
    [{ status: 429, error: 'try again' }, '1'],
  ] as const)('says what is wrong: %o', async ([answer, retryAfter]) => {
    const { post } = await port(answer);
    const response = await post('picture', PNG);
    expect([response.status, await response.json()]).toEqual([
      answer.status,
      { error: answer.error },
    ]);
    expect(response.headers.get('retry-after')).toBe(retryAfter);
  });

  test('takes no other types, and nothing that is too long', async () => {
    const { post, asked } = await port();
    const form = await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' });
    expect([form.status, await form.text()]).toEqual([
      415,
      expect.stringContaining('send application/json or image/png'),
    ]);
    const long = await post(Buffer.alloc(256 * 1024 + 1), PNG);
    expect([long.status, await long.text()]).toEqual([
      413,
      expect.stringContaining('longer than 262144 bytes'),
    ]);
    expect((await post(Buffer.alloc(256 * 1024), PNG)).status).toBe(200);
    expect(asked).toHaveLength(1);
  });

  test('takes no page from elsewhere', async () => {
    const { post, asked } = await port();
    expect((await post('x', { ...PNG, origin: 'http://elsewhere.test' })).status).toBe(403);
    expect(asked).toEqual([]);
  });

  test('is the only method there', async () => {
    const { port: number } = await port();
    const headers = { authorization: 'Bearer look' };
    const response = await fetch(`http://127.0.0.1:${number}/api/predict`, { headers });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('is off unless the run was started with it', async () => {
    const { port: number } = await startPortServer();
    for (const method of ['GET', 'POST']) {
      const response = await fetch(`http://127.0.0.1:${number}/api/predict`, { method });
      expect([response.status, await response.json()]).toEqual([
        404,
        { error: '/api/predict is off: start the run with --predict' },
      ]);
    }
  });
});
