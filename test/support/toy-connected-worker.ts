import {
  ConnectedWorker,
  type ConnectedWorkerListener,
} from '../../coordinator/connection/connected-worker.ts';
import { decodeCoordinatorFrame, encodeFrame } from '../../shared/protocol/codec.ts';
import { PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import type { LinkListener } from '../../shared/protocol/link.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/messages.ts';
import { challengeFor } from '../../shared/round/challenge-for.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { createWorkload } from '../../shared/round/workload.ts';
import { createSimulatedClock } from './simulation/simulated-clock.ts';
import { createToyDataset } from './toy-dataset.ts';
import { naiveEngine, toyConfig } from './toy-run.ts';

const dataset = createToyDataset();
export const HELLO = { type: 'hello', protocolVersion: PROTOCOL_VERSION, name: 'peer' } as const;

/** The listener checks the answer, and not the connection. */
export const ANY_ANSWER = new Uint8Array(8);

/** A coordinator's end of a connection. The peer is the test, and its frames arrive at once. */
export function connectWorker(
  listener: Partial<ConnectedWorkerListener> = {},
  overrides: Partial<RunConfig> = {},
) {
  const config = toyConfig(dataset, overrides);
  const workload = createWorkload(config, dataset);
  const clock = createSimulatedClock();
  const sent: CoordinatorMessage[] = [];
  const closed: { code: number; reason: string }[] = [];
  /** The listener's calls, except those with sums. */
  const heard: string[] = [];
  const lent = new Set<Float32Array>();
  const heardNext = (what: string) => () => void heard.push(what);
  let peer: LinkListener | undefined;
  let isTrusted = false;
  let frameBytesMax: number | undefined;
  const worker = new ConnectedWorker(
    (toPeer) => {
      peer = toPeer;
      return {
        address: '10.0.0.1',
        isLocal: true,
        trust() {
          isTrusted = true;
        },
        limitFrames(bytesMax) {
          frameBytesMax = bytesMax;
        },
        send(frame, onSent) {
          sent.push(decodeCoordinatorFrame(frame.slice()).message);
          onSent?.();
        },
        close: (code, reason) => void closed.push({ code, reason }),
      };
    },
    {
      clock,
      config,
      challenge: challengeFor(config),
      workload,
      chunkBytesMin: 2,
      acquire(length) {
        const vector = new Float32Array(length);
        lent.add(vector);
        return vector;
      },
      release(vector) {
        if (!lent.delete(vector)) throw new Error('a vector was released that is not lent');
      },
      unpackBfloat16: naiveEngine.kernels.unpackBfloat16,
      listener: {
        onHello: () => ({ rank: 3, identity: 'secret' }),
        onAnswer: () => undefined,
        onReady: () => void heard.push('ready'),
        onArrivingSum() {},
        onPartialSum() {},
        onDuplicate: heardNext('duplicate'),
        onLeaving: heardNext('leaving'),
        onGone: (reason) => void heard.push(`gone: ${reason}`),
        ...listener,
      },
    },
  );
  const sendBytes = (frame: Uint8Array) => peer?.onFrame(frame);
  const send = (message: WorkerMessage, payload?: Uint8Array) =>
    sendBytes(encodeFrame(message, payload));
  const pong = (sentAt: number, now = 0) => send({ type: 'pong', sentAt, now });
  const join = () => {
    send(HELLO);
    send({ type: 'ready', parameterCount: workload.parameterCount }, ANY_ANSWER);
  };
  const breakOff = (code: number, reason: string) => peer?.onClose(code, reason);
  const ofType = (type: CoordinatorMessage['type']) => sent.filter((each) => each.type === type);
  return {
    worker,
    config,
    workload,
    clock,
    sent,
    closed,
    heard,
    lent,
    sendBytes,
    send,
    pong,
    join,
    breakOff,
    ofType,
    isTrusted: () => isTrusted,
    frameBytesMax: () => frameBytesMax,
    /** When each ping was sent. */
    pingTimes: () => sent.flatMap((each) => (each.type === 'ping' ? [each.sentAt] : [])),
  };
}
