import { connect, type Socket } from 'node:net';
import type { RunConfig } from '../../../shared/round/run-config.ts';
import type { RoundKind } from '../../../shared/round/workload.ts';
import type { Draws } from '../../support/simulation/draws.ts';

/** The coordinator that is attacked, and what an attacker knows of it. */
export interface Target {
  readonly port: number;
  readonly token: string;
  readonly parameterCount: number;
  readonly config: RunConfig;
  readonly leafCounts: Readonly<Record<RoundKind, number>>;
  /** The digest of a file of the dataset. */
  readonly contentSha256: string;
}

/** Where attackers come from: honest workers and probes have 127.0.0.1. */
export type Origin = 'same' | 'other';

/** The address of an attacker. Others have any of about a million loopback addresses. */
export function attackerAddress(origin: Origin, draws: Draws): string {
  if (origin === 'same') return '127.0.0.1';
  return `127.${draws.integer(1, 16)}.${draws.integer(0, 255)}.${draws.integer(1, 254)}`;
}

/** Few of these addresses, as of attackers that have only so many machines. */
export function attackerMachine(origin: Origin, draws: Draws): string {
  return origin === 'same' ? '127.0.0.1' : `127.0.0.${draws.integer(2, 9)}`;
}

/** Connects from an address. Errors only close the socket. */
export function connectFrom(target: Target, localAddress: string): Socket {
  const socket = connect({ port: target.port, host: '127.0.0.1', localAddress });
  return socket.on('error', () => {});
}

/** Resolves when the socket is closed, or after `ms`, when it is closed by force. */
export function closed(socket: Socket, ms: number): Promise<'closed' | 'open'> {
  return new Promise((resolve) => {
    if (socket.closed) return resolve('closed');
    const timer = setTimeout(() => {
      resolve('open');
      socket.resetAndDestroy();
    }, ms);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve('closed');
    });
  });
}
