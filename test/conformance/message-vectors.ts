import { encodeFrame } from '../../shared/protocol/codec.ts';
import { PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/messages.ts';
import type { Challenge } from '../../shared/round/challenge.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { bytesFromHex, hexOf } from './hex.ts';

const SHARE = { kind: 'train', step: 12, lo: 4, hi: 8 } as const;
/** The values 0, 1 and -2.5. */
const VALUES = '000000000000803f000020c0';

/** Each message as a map, its payload, and the frame that carries both. */
export function messageVectors(config: RunConfig, challenge: Challenge) {
  const timing = {
    ...{ startedAt: 1234.5, receiveMs: 0.25, computeMs: 17, sendMs: 1, cpuMs: 900, throttledMs: 0 },
  };
  const fromWorker: [WorkerMessage, string?][] = [
    [
      {
        type: 'hello',
        protocolVersion: PROTOCOL_VERSION,
        name: 'ada',
        numerics: ['fused', 'strict'],
      },
    ],
    [
      {
        ...{
          type: 'hello',
          protocolVersion: PROTOCOL_VERSION,
          name: 'Grace H. ✓',
          numerics: ['strict'],
        },
        ...{ pid: 4_194_304, threads: 4, token: 'secret', identity: 'abc' },
      },
    ],
    [{ type: 'ready', parameterCount: 235_146 }, VALUES],
    [{ type: 'partial-sum', ...SHARE, offset: 0 }, VALUES],
    [{ type: 'partial-sum', ...SHARE, offset: 2 ** 33, timing }, VALUES],
    [{ type: 'pong', sentAt: 1234.5, now: 17 }],
    [{ type: 'pong', sentAt: 1234.5, now: 17, isHidden: true }],
    [{ type: 'leaving' }],
    [{ type: 'error', code: 'PROTOCOL', message: 'a frame of 3 bytes' }],
  ];
  const fromCoordinator: [CoordinatorMessage, string?][] = [
    [{ type: 'welcome', rank: 3, identity: 'abc', config, challenge }],
    [{ type: 'accepted' }],
    [{ type: 'parameters', step: 12, offset: 0 }, VALUES],
    [{ type: 'share', kind: 'validation', step: 430, lo: 0, hi: 40 }],
    [{ type: 'ping', sentAt: 0.25 }],
    [{ type: 'goodbye', reason: 'finished' }],
    [{ type: 'goodbye', reason: 'drained' }],
    [{ type: 'error', code: 'REFUSED', message: 'it gave no token' }],
  ];
  return { fromWorker: fromWorker.map(vector), fromCoordinator: fromCoordinator.map(vector) };
}

function vector([message, payload]: [WorkerMessage | CoordinatorMessage, string?]) {
  const frame = encodeFrame(message, payload === undefined ? undefined : bytesFromHex(payload));
  return { message, payload: payload ?? '', frame: hexOf(frame) };
}
