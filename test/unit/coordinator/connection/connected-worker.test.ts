import assert from 'node:assert';
import { describe, expect, test } from 'vitest';
import type { CloseReason } from '../../../../coordinator/connection/close-reason.ts';
import { bytesOf } from '../../../../shared/bytes.ts';
import { MESSAGES_WITH_PAYLOAD, type WorkerMessage } from '../../../../shared/protocol/messages.ts';
import { challengeFor } from '../../../../shared/round/challenge-for.ts';
import { ANY_ANSWER, connectWorker, HELLO } from '../../../support/toy-connected-worker.ts';

type Connected = ReturnType<typeof connectWorker>;

/** Lets time go until the connection is over, and says when that is. */
async function timeOfEnd({ clock, closed }: Connected): Promise<number> {
  await clock.run(() => closed.length > 0, 3_600_000);
  return clock.now();
}

/** The peer answers every ping, within a second, until `untilMs`. */
function answerPings({ clock, pong, pingTimes }: Connected, untilMs: number): void {
  let answeredCount = 0;
  const answer = () => {
    for (const sentAt of pingTimes().slice(answeredCount)) {
      answeredCount++;
      pong(sentAt);
    }
    if (clock.now() < untilMs) clock.setTimer(1_000, answer);
  };
  answer();
}

describe('the handshake', () => {
  test('gives a worker its rank and the configuration, and says when it is ready', () => {
    const { send, sent, heard, config, workload, closed } = connectWorker();
    send(HELLO);
    const challenge = challengeFor(config);
    expect(sent).toEqual([{ type: 'welcome', rank: 3, identity: 'secret', config, challenge }]);
    expect(heard).toEqual([]);
    send({ type: 'ready', parameterCount: workload.parameterCount }, ANY_ANSWER);
    expect(heard).toEqual(['ready']);
    expect(closed).toEqual([]);
  });

  test('turns away a worker that the listener refuses', () => {
    const { send, sent, closed, heard, isTrusted } = connectWorker({
      onHello: () => ({ why: 'refused', message: 'not you' }),
    });
    send(HELLO);
    expect(sent).toEqual([{ type: 'error', code: 'REFUSED', message: 'not you' }]);
    expect(closed).toEqual([{ code: 4001, reason: 'not you' }]);
    expect(heard).toEqual(['gone: not you']);
    expect(isTrusted()).toBe(false);
  });

  test('turns away a worker whose answer the listener refuses, and passes the answer on', () => {
    const answers: (Float32Array | undefined)[] = [];
    const { send, sent, closed, heard, workload } = connectWorker({
      onAnswer(answer) {
        answers.push(answer);
        return { why: 'refused', message: 'other bits' };
      },
    });
    send(HELLO);
    const answer = Float32Array.of(1, -2.5);
    send({ type: 'ready', parameterCount: workload.parameterCount }, bytesOf(answer));
    expect(answers).toEqual([answer]);
    expect(sent.at(-1)).toEqual({ type: 'error', code: 'REFUSED', message: 'other bits' });
    expect(sent).not.toContainEqual({ type: 'accepted' });
    expect(closed).toEqual([{ code: 4001, reason: 'other bits' }]);
    expect(heard).toEqual(['gone: other bits']);
  });

  test('accepts a worker before anything else that follows its answer', () => {
    const { join, sent, heard } = connectWorker();
    join();
    expect(heard).toEqual(['ready']);
    expect(sent.map(({ type }) => type)).toEqual(['welcome', 'accepted', 'ping']);
  });

  test('trusts its link from the welcome on', () => {
    const { send, isTrusted } = connectWorker();
    expect(isTrusted()).toBe(false);
    send(HELLO);
    expect(isTrusted()).toBe(true);
  });

  test('hides no error of our own', () => {
    const bug = new TypeError('a bug');
    const { send } = connectWorker({
      onHello() {
        throw bug;
      },
    });
    expect(() => send(HELLO)).toThrow(bug);
  });

  test('ends with a model of another size', () => {
    const { send, sent, closed, heard } = connectWorker();
    send(HELLO);
    send({ type: 'ready', parameterCount: 12 }, ANY_ANSWER);
    expect(sent.at(-1)).toMatchObject({ code: 'PROTOCOL', message: expect.stringMatching(/\b12/) });
    expect(closed).toMatchObject([{ code: 4000 }]);
    expect(heard).not.toContain('ready');
  });
});

describe('a message', () => {
  const ready = { type: 'ready', parameterCount: 0 } as const;
  const leaving = { type: 'leaving' } as const;
  const sum = { type: 'partial-sum', kind: 'train', step: 0, lo: 0, hi: 1, offset: 0 } as const;
  test.for<[string, string, WorkerMessage[], WorkerMessage]>([
    ['ready', 'greeting', [], ready],
    ['leaving', 'greeting', [], leaving],
    ['leaving', 'preparing', [HELLO], leaving],
    ['partial-sum', 'greeting', [], sum],
    ['hello', 'preparing', [HELLO], HELLO],
    ['partial-sum', 'preparing', [HELLO], sum],
  ])('of type %s ends a connection that is %s', ([type, phase, before, message]) => {
    const { send, sent, closed } = connectWorker();
    for (const each of before) send(each);
    send(message, MESSAGES_WITH_PAYLOAD.has(message.type) ? ANY_ANSWER : undefined);
    expect(sent.at(-1)).toMatchObject({ type: 'error', code: 'PROTOCOL' });
    expect(closed).toMatchObject([{ code: 4000 }]);
    expect(closed[0].reason).toMatch(new RegExp(`${type}.*${phase}`));
  });

  test.for([HELLO, ready])('of type $type ends a connection that is ready', (message) => {
    const { join, send, closed } = connectWorker();
    join();
    send(message, message.type === 'ready' ? ANY_ANSWER : undefined);
    expect(closed).toMatchObject([{ code: 4000 }]);
  });

  test.for([
    ['before the hello', 0, []],
    ['that answers no ping', 17, [HELLO]],
  ] as const)('of type pong %s ends a connection', async ([, sentAt, before]) => {
    const { send, clock, closed, ofType } = connectWorker();
    for (const each of before) send(each);
    await clock.run(() => false, 3_000);
    expect(ofType('ping')).toHaveLength(before.length);
    send({ type: 'pong', sentAt, now: 5 });
    expect(closed).toMatchObject([{ code: 4000, reason: expect.stringContaining(`${sentAt}`) }]);
  });

  test('of type pong answers a ping once', async () => {
    const { join, pong, clock, closed } = connectWorker();
    join();
    clock.setTimer(3_000, () => {});
    await clock.run(() => false, 3_000);
    pong(2_000);
    expect(closed).toEqual([]);
    pong(2_000);
    expect(closed).toMatchObject([{ code: 4000 }]);
  });

  test('of type pong says whether the page of a tab is hidden, and of others nothing', async () => {
    const { worker, join, send, ofType, closed } = connectWorker();
    join();
    expect(worker.isHidden).toBeUndefined();
    for (const isHidden of [true, false, undefined]) {
      const [ping] = ofType('ping').slice(-1);
      assert(ping.type === 'ping');
      send({ type: 'pong', sentAt: ping.sentAt, now: 0, isHidden });
      expect(worker.isHidden).toBe(isHidden);
    }
    expect(closed).toEqual([]);
  });

  test('that is no message ends the connection', () => {
    const { sendBytes, sent, closed } = connectWorker();
    sendBytes(Uint8Array.of(1, 2, 3));
    expect(sent).toMatchObject([{ type: 'error', code: 'PROTOCOL' }]);
    expect(closed).toMatchObject([{ code: 4000 }]);
  });

  test('about an error of the worker ends the connection without an answer', () => {
    const { send, sent, closed, heard } = connectWorker();
    send({ type: 'error', code: 'MEMORY', message: 'no room' });
    expect(sent).toEqual([]);
    expect(closed).toMatchObject([{ code: 1000 }]);
    expect(heard).toEqual([expect.stringMatching(/^gone: .*MEMORY.*no room$/)]);
  });

  test('that a worker wants to leave is passed on', () => {
    const { join, send, heard } = connectWorker();
    join();
    send({ type: 'leaving' });
    expect(heard).toEqual(['ready', 'leaving']);
  });
});

describe('the time limit', () => {
  test('of the hello is 10 s', async () => {
    const connected = connectWorker();
    expect(await timeOfEnd(connected)).toBe(10_000);
    expect(connected.sent.at(-1)).toMatchObject({ type: 'error', code: 'TIMEOUT' });
    expect(connected.closed).toMatchObject([
      { code: 4002, reason: expect.stringMatching(/greeting.*\b10\b/) },
    ]);
  });

  test('of getting ready is 10 min from the hello', async () => {
    const connected = connectWorker();
    answerPings(connected, 3_600_000);
    connected.clock.setTimer(9_000, () => connected.send(HELLO));
    expect(await timeOfEnd(connected)).toBe(609_000);
    expect(connected.closed).toMatchObject([
      { code: 4002, reason: expect.stringMatching(/preparing.*\b600\b/) },
    ]);
  });

  test('of silence is seven ping intervals, from the last frame of any kind', async () => {
    const connected = connectWorker();
    connected.join();
    connected.clock.setTimer(13_000, () => connected.send({ type: 'leaving' }));
    expect(await timeOfEnd(connected)).toBe(26_000);
    expect(connected.closed).toMatchObject([
      { code: 4002, reason: expect.stringMatching(/\b14\b/) },
    ]);
    expect(connected.ofType('ping')).toHaveLength(13);
  });

  test('does not exist for a worker that is ready and answers pings', async () => {
    const connected = connectWorker();
    answerPings(connected, 3_000_000);
    connected.join();
    expect(await timeOfEnd(connected)).toBe(3_014_000);
  });
});

describe('the end of a connection', () => {
  test.for<[CloseReason, closeCode: number, last: object | undefined]>([
    [{ why: 'finished' }, 1000, { type: 'goodbye', reason: 'finished' }],
    [{ why: 'drained' }, 1000, { type: 'goodbye', reason: 'drained' }],
    [{ why: 'stopping' }, 1001, undefined],
    [{ why: 'refused', message: 'm' }, 4001, { type: 'error', code: 'REFUSED', message: 'm' }],
    [{ why: 'timeout', message: 'm' }, 4002, { type: 'error', code: 'TIMEOUT', message: 'm' }],
    [{ why: 'protocol', message: 'm' }, 4000, { type: 'error', code: 'PROTOCOL', message: 'm' }],
  ])('because of %o tells the worker why', ([reason, code, last]) => {
    const { worker, sent, closed } = connectWorker();
    worker.close(reason);
    expect(sent).toEqual(last ? [last] : []);
    expect(closed).toMatchObject([{ code }]);
  });

  test('comes once, and nothing follows it', async () => {
    const { worker, clock, send, join, breakOff, sent, closed, heard } = connectWorker();
    worker.close({ why: 'stopping' });
    worker.close({ why: 'finished' });
    breakOff(1006, '');
    join();
    send({ type: 'leaving' });
    await clock.run(() => false, 3_600_000);
    expect(heard).toHaveLength(1);
    expect(sent).toEqual([]);
    expect(closed).toHaveLength(1);
  });

  test('is told in a thousand characters at most', () => {
    const { worker, sent } = connectWorker();
    worker.close({ why: 'protocol', message: 'x'.repeat(1001) });
    expect(sent).toEqual([{ type: 'error', code: 'PROTOCOL', message: 'x'.repeat(1000) }]);
  });

  test.for<[number, string, RegExp]>([
    [1000, 'bye', /^gone: bye$/],
    [1006, '', /^gone: \D+$/],
    [1011, '', /^gone: the other end has a fault$/],
    [4999, '', /^gone: .*4999/],
  ])('with code %i and text "%s" by the peer is reported', ([code, reason, gone]) => {
    const { breakOff, heard, closed } = connectWorker();
    breakOff(code, reason);
    expect(heard).toEqual([expect.stringMatching(gone)]);
    expect(closed).toEqual([]);
  });
});
