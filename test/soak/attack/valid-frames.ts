import { bytesOf } from '../../../shared/bytes.ts';
import { encodeFrame } from '../../../shared/protocol/codec.ts';
import { PROTOCOL_VERSION } from '../../../shared/protocol/limits.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../../shared/protocol/messages.ts';
import { challengeFor } from '../../../shared/round/challenge-for.ts';
import type { Round } from '../../../shared/round/workload.ts';
import { rightAnswer } from '../../support/right-answer.ts';
import type { Target } from './target.ts';

type Message = WorkerMessage | CoordinatorMessage;
export type Share = Round & { readonly lo: number; readonly hi: number };

/** The numerics of a fake: it can do all, because it does nothing. */
const NUMERICS = ['fused', 'strict'];

export const hello = (name: string, token: string | undefined): WorkerMessage => ({
  type: 'hello',
  protocolVersion: PROTOCOL_VERSION,
  name,
  pid: 7,
  numerics: NUMERICS,
  ...(token !== undefined && { token }),
});

/**
 * A valid message of every type, with its payload. Those of a coordinator are out of place. `share`
 * is the one that the sender owes, or any.
 */
export function validMessages(target: Target, share: Share): readonly [Message, Uint8Array?][] {
  const { config } = target;
  const values = new Float32Array(target.parameterCount + 2).fill(0.001);
  const answer = bytesOf(rightAnswer(config));
  return [
    [hello('mutant', target.token)],
    [{ type: 'ready', parameterCount: target.parameterCount }, answer],
    [partialSum(share), bytesOf(values)],
    [{ type: 'partial-sum', ...share, offset: 0, timing: TIMING }, bytesOf(values)],
    [partialSum(share), bytesOf(values.subarray(0, 4096))],
    [{ type: 'pong', sentAt: 1234.5, now: 17 }],
    [{ type: 'leaving' }],
    [{ type: 'error', code: 'TEST', message: 'a worker that gives up' }],
    [{ type: 'welcome', identity: 'abc', rank: 3, config, challenge: challengeFor(config) }],
    [{ type: 'parameters', step: share.step, offset: 0 }, bytesOf(values)],
    [{ type: 'share', ...share }],
    [{ type: 'accepted' }],
    [{ type: 'ping', sentAt: 0.25 }],
    [{ type: 'goodbye', reason: 'finished' }],
  ];
}

const TIMING = { startedAt: 1, receiveMs: 1, computeMs: 1, sendMs: 1, cpuMs: 1, throttledMs: 0 };

export const partialSum = ({ kind, step, lo, hi }: Share): WorkerMessage => ({
  type: 'partial-sum',
  kind,
  step,
  lo,
  hi,
  offset: 0,
});

export const validFrames = (target: Target, share: Share): readonly Buffer[] =>
  validMessages(target, share).map(([message, payload]) =>
    Buffer.from(encodeFrame(message, payload)),
  );
