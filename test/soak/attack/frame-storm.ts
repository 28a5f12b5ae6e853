import type { Socket } from 'node:net';
import { bytesOf } from '../../../shared/bytes.ts';
import { encodeFrame } from '../../../shared/protocol/codec.ts';
import type { WorkerMessage } from '../../../shared/protocol/messages.ts';
import { rightAnswer } from '../../support/right-answer.ts';
import type { Draws } from '../../support/simulation/draws.ts';
import { joinForged } from './forged-members.ts';
import { mutate, wrap } from './mutations.ts';
import { attackerAddress, closed, connectFrom, type Origin, type Target } from './target.ts';
import { hello, validFrames } from './valid-frames.ts';
import { CLOSE_FRAME, handshake, webSocketFrame } from './websocket-bytes.ts';

/** The states of a connection in which mutated frames are sent. */
const STATES = ['stranger', 'refused', 'welcomed', 'ready', 'owing'] as const;
type State = (typeof STATES)[number];

export interface Storm {
  readonly frameCount: number;
  readonly connectionCount: number;
  /** The frames of each state. */
  readonly framesOf: Record<State, number>;
  /** Connections on which the coordinator did not answer the attacker's close for so long. */
  readonly deafCount: number;
}

export interface StormOptions {
  readonly frameCount: number;
  readonly origin: Origin;
  readonly draws: Draws;
}

const CONNECTIONS_AT_ONCE = 64;
const FRAMES_PER_CONNECTION_MAX = 6;
/** A connection that announces more than it sends stays open. It is closed after so long. */
const ANSWER_TIMEOUT_MS = 500;
const SHARE_TIMEOUT_MS = 1_000;
/** A member costs the coordinator most, so few connections are those of members that owe. */
const OWING_PART = 0.02;

/** Sends mutated frames, on connections that are in any state, until all frames are sent. */
export async function sendFrameStorm(
  target: Target,
  { frameCount, origin, draws }: StormOptions,
): Promise<Storm> {
  const framesOf = { stranger: 0, refused: 0, welcomed: 0, ready: 0, owing: 0 };
  let sent = 0;
  let connectionCount = 0;
  let deafCount = 0;

  async function attackOnce(): Promise<void> {
    const state = draws.chance(OWING_PART) ? 'owing' : draws.pick(STATES.slice(0, 4));
    const count = Math.min(frameCount - sent, draws.integer(1, FRAMES_PER_CONNECTION_MAX));
    sent += count;
    framesOf[state] += count;
    connectionCount++;
    const address = attackerAddress(origin, draws);
    const isClosed =
      state === 'owing'
        ? await attackOwing(target, address, draws, count)
        : await attackInState(target, state, address, draws, count);
    if (!isClosed) deafCount++;
  }

  async function attackAgain(): Promise<void> {
    while (sent < frameCount) await attackOnce();
  }

  await Promise.all(Array.from({ length: CONNECTIONS_AT_ONCE }, attackAgain));
  return { frameCount: sent, connectionCount, framesOf, deafCount };
}

const ANY_SHARE = { kind: 'train', step: 12, lo: 4, hi: 8 } as const;

function mutants(target: Target, share: Parameters<typeof validFrames>[1], draws: Draws) {
  const frames = validFrames(target, share);
  return (count: number) => Array.from({ length: count }, () => wrap(mutate(frames, draws), draws));
}

/** Sends all in one piece: the handshake, the way to the state, the mutants, and a close frame. */
async function attackInState(
  target: Target,
  state: Exclude<State, 'owing'>,
  address: string,
  draws: Draws,
  count: number,
): Promise<boolean> {
  const socket = connectFrom(target, address);
  const way = wayTo(target, state, draws).map(([message, payload]) =>
    webSocketFrame(encodeFrame(message, payload)),
  );
  const step = draws.integer(0, 1e6);
  const made = mutants(target, { ...ANY_SHARE, step }, draws)(count);
  socket.resume();
  socket.write(Buffer.concat([handshake(), ...way, ...made, CLOSE_FRAME]));
  return (await closed(socket, ANSWER_TIMEOUT_MS)) === 'closed';
}

function wayTo(
  target: Target,
  state: Exclude<State, 'owing'>,
  draws: Draws,
): [WorkerMessage, Uint8Array?][] {
  switch (state) {
    case 'stranger':
      return [];
    case 'refused':
      return [[hello('no-token\u001b[31m', draws.pick([undefined, '', 'wrong', 'x'.repeat(64)]))]];
    case 'welcomed':
      return [[hello('welcomed', target.token)]];
    case 'ready': {
      const ready = { type: 'ready', parameterCount: target.parameterCount } as const;
      return [[hello('ready', target.token)], [ready, bytesOf(rightAnswer(target.config))]];
    }
  }
}

/** Waits for a share, and sends mutants of its answer. */
async function attackOwing(
  target: Target,
  address: string,
  draws: Draws,
  count: number,
): Promise<boolean> {
  const member = await joinForged(target, address, 'owing');
  if (!member) return true;
  const share = await member.nextShare(SHARE_TIMEOUT_MS);
  const made = mutants(target, share ?? ANY_SHARE, draws)(count);
  // The socket below the WebSocket takes bytes that no library would send.
  const socket = member.tcp as Socket;
  if (socket.closed) return true;
  socket.write(Buffer.concat([...made, CLOSE_FRAME]));
  const isClosed = (await closed(socket, ANSWER_TIMEOUT_MS)) === 'closed';
  member.terminate();
  return isClosed;
}
