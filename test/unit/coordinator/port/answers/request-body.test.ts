import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readJsonText } from '../../../../../coordinator/port/answers/request-body.ts';
import { createSimulatedClock } from '../../../../support/simulation/simulated-clock.ts';

/** A request that arrives as the test writes it, in at most 100 ms and 8 bytes. */
function receive(headers: Record<string, string> = {}) {
  const clock = createSimulatedClock();
  const request = Object.assign(new PassThrough(), {
    headers: { 'content-type': 'application/json', ...headers },
  });
  const limits = { bytesMax: 8, timeoutMs: 100, clock };
  const text = readJsonText(request as never, limits);
  return { clock, request, text };
}

const isRefused = (text: Promise<string>, status: number, message: RegExp) =>
  expect(text).rejects.toMatchObject({ status, message: expect.stringMatching(message) });

describe('the body of a request', () => {
  test('is its text, in however many pieces it comes', async () => {
    const { request, text } = receive();
    for (const byte of Buffer.from('"größe"').subarray(0, -1)) request.write(Buffer.of(byte));
    request.end('"');
    await isRefused(text, 413, /^the body is longer than 8 bytes$/);
    const short = receive();
    for (const byte of Buffer.from('"grö"')) short.request.write(Buffer.of(byte));
    short.request.end();
    expect(await short.text).toBe('"grö"');
  });

  test('may be as long as the limit, and not longer', async () => {
    const [longest, tooLong] = [receive(), receive()];
    longest.request.end('12345678');
    expect(await longest.text).toBe('12345678');
    tooLong.request.end('123456789');
    await isRefused(tooLong.text, 413, /longer than 8 bytes/);
  });

  test('that is announced as too long is refused before it comes', async () => {
    await isRefused(receive({ 'content-length': '9' }).text, 413, /longer than 8 bytes/);
  });

  test('must be here in time, whatever comes before', async () => {
    const { clock, request, text } = receive();
    request.write('12');
    const refused = isRefused(text, 408, /^the body was not here after 0\.1 s$/);
    await clock.run(() => false, 100);
    await refused;
    expect(clock.now()).toBe(100);
  });

  test('that breaks off is refused', async () => {
    const { request, text } = receive();
    request.write('12');
    request.destroy();
    await isRefused(text, 400, /^the body was cut short$/);
  });

  test('must be UTF-8', async () => {
    const { request, text } = receive();
    request.end(Buffer.of(0x22, 0xc3, 0x22));
    await isRefused(text, 400, /no UTF-8 text/);
  });

  test.for(['text/plain', 'application/jsonp', 'application/x-www-form-urlencoded', ''])(
    'of the type "%s" is not read',
    async (type) => {
      const { text } = receive({ 'content-type': type });
      await isRefused(text, 415, /: send application\/json$/);
    },
  );

  test('that is too long is not kept, and the rest of it is dropped', async () => {
    const { request, text } = receive();
    request.write('123456789');
    await isRefused(text, 413, /longer/);
    request.write('x'.repeat(1000));
    request.end();
    await new Promise((resolve) => request.once('end', resolve));
    expect(request.readableLength).toBe(0);
  });
});
