import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { bytesOf } from '../../../shared/bytes.ts';
import { decodeCoordinatorFrame, encodeFrame } from '../../../shared/protocol/codec.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../../shared/protocol/messages.ts';
import { maximalSubtrees } from '../../../shared/reduction-tree.ts';
import { rightAnswer } from '../../support/right-answer.ts';
import type { Draws } from '../../support/simulation/draws.ts';
import { attackerAddress, attackerMachine, type Origin, type Target } from './target.ts';
import { hello, partialSum, type Share } from './valid-frames.ts';

/** A peer with the token that says it is a worker, and is none. */
export interface ForgedMember {
  readonly tcp: Socket | undefined;
  send(message: WorkerMessage, values?: Float32Array): void;
  /** The next share that it is asked for. Undefined: none came in time. */
  nextShare(timeoutMs: number): Promise<Share | undefined>;
  terminate(): void;
}

const JOIN_TIMEOUT_MS = 3_000;

/** Joins. Undefined: the coordinator did not want it. */
export async function joinForged(
  target: Target,
  localAddress: string,
  name: string,
  isReady = true,
): Promise<ForgedMember | undefined> {
  const socket = new WebSocket(`ws://127.0.0.1:${target.port}`, { localAddress });
  const inbox: CoordinatorMessage[] = [];
  let notify = () => {};
  let isOpen = true;
  let tcp: Socket | undefined;
  socket.on('upgrade', (response) => {
    tcp = response.socket;
  });
  socket.on('message', (data: Buffer) => {
    const { message } = decodeCoordinatorFrame(data);
    if (message.type === 'ping' && isReady)
      send({ type: 'pong', sentAt: message.sentAt, now: performance.now() });
    if (message.type !== 'welcome' && message.type !== 'share') return;
    inbox.push(message);
    notify();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isOpen = false;
    notify();
  });
  socket.on('open', () => send(hello(name, target.token)));

  function send(message: WorkerMessage, values?: Float32Array): void {
    if (socket.readyState === WebSocket.OPEN)
      socket.send(encodeFrame(message, values && bytesOf(values)));
  }

  async function next<Type extends 'welcome' | 'share'>(type: Type, timeoutMs: number) {
    const until = performance.now() + timeoutMs;
    while (isOpen && performance.now() < until) {
      const index = inbox.findIndex((message) => message.type === type);
      if (index >= 0) return inbox.splice(index, 1)[0];
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, until - performance.now());
        notify = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return undefined;
  }

  const welcome = await next('welcome', JOIN_TIMEOUT_MS);
  if (!welcome) {
    socket.terminate();
    return undefined;
  }
  const ready = { type: 'ready', parameterCount: target.parameterCount } as const;
  if (isReady) send(ready, rightAnswer(target.config));
  return {
    tcp,
    send,
    async nextShare(timeoutMs) {
      const message = await next('share', timeoutMs);
      if (message?.type !== 'share') return undefined;
      const { type, ...share } = message;
      return share;
    },
    terminate: () => socket.terminate(),
  };
}

export interface ForgeryOptions {
  readonly origin: Origin;
  readonly draws: Draws;
  readonly count: number;
}

const SHARE_TIMEOUT_MS = 500;

/** Fakes that take a share and go, again and again: from the same few machines, or from many. */
export async function dropShares(
  target: Target,
  { origin, draws, count }: ForgeryOptions,
): Promise<number> {
  let dropped = 0;
  for (let i = 0; i < count; i++) {
    const address = draws.chance(0.5)
      ? attackerMachine(origin, draws)
      : attackerAddress(origin, draws);
    const member = await joinForged(target, address, `dropper-${i}`);
    if (await member?.nextShare(SHARE_TIMEOUT_MS)) dropped++;
    if (draws.chance(0.3)) member?.send({ type: 'leaving' });
    member?.terminate();
  }
  return dropped;
}

/** Fakes that answer: with lies, with hits of their choice, with what is no number. */
export async function tellLies(
  target: Target,
  { origin, draws, count }: ForgeryOptions,
): Promise<number> {
  let lies = 0;
  for (let i = 0; i < count; i++) {
    const member = await joinForged(target, attackerAddress(origin, draws), `liar-${i}`);
    for (let answers = 0; answers < 3; answers++) {
      const share = await member?.nextShare(SHARE_TIMEOUT_MS);
      if (!member || !share) break;
      answer(member, target, share, draws);
      lies++;
    }
    await sleep(5);
    member?.terminate();
  }
  return lies;
}

function answer(member: ForgedMember, target: Target, share: Share, draws: Draws): void {
  const length = (share.kind === 'train' ? target.parameterCount : 0) + 2;
  for (const node of maximalSubtrees(target.leafCounts[share.kind], share)) {
    const values = draws.floats(length, draws.pick([1e-3, 1, 3e38]));
    values[length - 2] = draws.pick([0, 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY]);
    values[length - 1] = draws.pick([0, 1, 0.5, 1e9, -3]);
    member.send(partialSum({ ...share, ...node }), values);
  }
}

/**
 * A crowd that takes all the places and does nothing: it says that it is ready, or not even that.
 * Returns how many were let in.
 */
export async function crowd(
  target: Target,
  { origin, draws, count }: ForgeryOptions,
  isReady: boolean,
  stayMs: number,
): Promise<number> {
  const members: (ForgedMember | undefined)[] = [];
  const joinSome = async () => {
    while (members.length < count) {
      const index = members.push(undefined) - 1;
      const address = attackerMachine(origin, draws);
      members[index] = await joinForged(target, address, `crowd-${index}`, isReady);
    }
  };
  await Promise.all(Array.from({ length: 32 }, joinSome));
  await sleep(stayMs);
  for (const member of members) member?.terminate();
  return members.filter(Boolean).length;
}
