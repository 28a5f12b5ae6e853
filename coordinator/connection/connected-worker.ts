import { floatsOf } from '../../shared/bytes.ts';
import type { Clock } from '../../shared/clock.ts';
import { ProtocolError } from '../../shared/errors.ts';
import { type IncompleteVector, isWhole, placeChunk } from '../../shared/protocol/chunks.ts';
import { decodeWorkerFrame, encodeFrame, type Frame } from '../../shared/protocol/codec.ts';
import {
  CHUNK_BYTES_MIN,
  ERROR_LENGTH_MAX,
  FRAME_BYTES_MAX,
  HELLO_TIMEOUT_MS,
  PING_INTERVAL_MS,
  PREPARE_TIMEOUT_MS,
  SHORT_FRAME_BYTES_MAX,
  SILENT_INTERVALS_MAX,
} from '../../shared/protocol/limits.ts';
import { describeClose, type Link, type LinkListener } from '../../shared/protocol/link.ts';
import type {
  CoordinatorMessage,
  Hello,
  ShareTiming,
  WorkerMessage,
} from '../../shared/protocol/messages.ts';
import { isSameNode, type LeafRange, maximalSubtrees } from '../../shared/reduction-tree.ts';
import type { Challenge } from '../../shared/round/challenge.ts';
import type { IncompleteSum, PartialSum } from '../../shared/round/partial-sum.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { Round, Workload } from '../../shared/round/workload.ts';
import type { Broadcast } from './broadcast.ts';
import { CLOSE_CODES, type CloseReason, describeCloseReason, ERROR_CODES } from './close-reason.ts';
import type { Traffic } from './metered-link.ts';
import type { Worker } from './worker.ts';

/*
 * The coordinator's end of one worker's connection.
 *
 * The problem. A peer is a stranger until its hello is accepted, and even then any message may be
 * late, double, malformed or out of turn. Its faults must end its own connection and nothing else.
 *
 * The phases, with the message that leads on and the time allowed for it:
 *
 *   greeting ──hello, 10 s──► preparing ──ready, 10 min──► ready ◄──┐
 *      │                          │                          │      │ share out, sums in
 *      │                          │                          ├──────┘
 *      └──────────────────────────┴────────── close ─────────┴──────► gone
 *
 * From the welcome on the coordinator pings every 2 s, and any frame is a sign of life. Seven
 * intervals without a frame end the connection.
 *
 * While the worker owes a share, `#expected` lists the nodes whose sums are still to come. It holds
 * the chunks of the first one. A sum for any other node is not owed, or not anymore: it is dropped
 * and counted as a duplicate.
 *
 * Invariants.
 *   1. `onGone` is called once, and no other callback follows it.
 *   2. A vector that was acquired is passed on to the listener or released, never both.
 *   3. Only `#receive` runs on bytes of the peer. It turns every protocol error into a close.
 *   4. Only a worker that owes a sum may send long frames. Halves of them would fill the memory.
 */

/** A partial sum that arrived whole. */
export interface ReceivedSum extends PartialSum {
  readonly round: Round;
  /** Whether it is the last one of the share: the worker owes nothing more. */
  readonly isLast: boolean;
  /** How the time of the whole share passed. Comes with the last sum, if the worker says so. */
  readonly timing: ShareTiming | undefined;
}

/** A partial sum whose first values are here. The vector stays the connection's. */
export interface ArrivingSum extends IncompleteSum {
  readonly round: Round;
}

/** What an admitted worker is told, in addition to the configuration. */
export type Welcome = Pick<Extract<CoordinatorMessage, { type: 'welcome' }>, 'rank' | 'identity'>;

/** What the pool hears of one connection. */
export interface ConnectedWorkerListener {
  /** Admits a worker, or says why not. */
  onHello(hello: Hello): Welcome | CloseReason;
  /** Checks what a worker computes for the challenge. Says why it may not take part, if so. */
  onAnswer(answer: Float32Array): CloseReason | undefined;
  /** The worker takes shares from now on. A worker of this process needs no answer before. */
  onReady(): void;
  onArrivingSum(sum: ArrivingSum): void;
  /** The listener owns the vector from now on. */
  onPartialSum(sum: ReceivedSum): void;
  /** A sum arrived that the worker does not owe. It was dropped. */
  onDuplicate(): void;
  /** The worker wants to leave: it must get no further share. */
  onLeaving(): void;
  /** The connection is over. `reason` is for people. */
  onGone(reason: string): void;
}

export interface ConnectedWorkerOptions {
  readonly clock: Clock;
  readonly config: RunConfig;
  readonly challenge: Challenge;
  readonly workload: Workload;
  /** What the link carries, if somebody counts it. */
  readonly traffic?: Readonly<Traffic>;
  /** The shortest chunk to take, except for the last one of a vector, in bytes. */
  readonly chunkBytesMin?: number | undefined;
  /** Lends a vector for a sum that arrives. Its contents do not matter. */
  readonly acquire: (length: number) => Float32Array;
  /** Takes such a vector back if the sum will not be whole. */
  readonly release: (vector: Float32Array) => void;
  /** See `Kernels`. */
  readonly unpackBfloat16: (values: Float32Array) => void;
  readonly listener: ConnectedWorkerListener;
}

/** These many pings follow one another as soon as a worker is ready: one finds both ends free. */
const FIRST_PINGS = 8;
/** Older pings cannot be answered anymore. */
const PINGS_KEPT = 64;

type PartialSumMessage = Extract<WorkerMessage, { type: 'partial-sum' }>;
type Phase = 'greeting' | 'preparing' | 'ready' | 'gone';

/** The sums that a worker owes: the nodes in order, and the first one's values so far. */
interface ExpectedSums {
  readonly round: Round;
  readonly nodes: LeafRange[];
  incoming: IncompleteVector | undefined;
}

/** Handshake, heartbeat, shares out, partial sums in. */
export class ConnectedWorker implements Worker {
  readonly sharesMemory = false;
  readonly traffic: Readonly<Traffic>;
  readonly #link: Link;
  readonly #options: ConnectedWorkerOptions;
  #phase: Phase = 'greeting';
  #expected: ExpectedSums | undefined;
  #sent: { readonly broadcast: Broadcast; readonly frameCount: number } | undefined;
  #silentIntervals = 0;
  readonly #unansweredPings: number[] = [];
  #pongCount = 0;
  #isHidden: boolean | undefined;
  #clockOffset: { ms: number; uncertaintyMs: number } | undefined;
  #cancelPhaseTimer = () => {};
  #cancelPingTimer = () => {};

  constructor(openLink: (listener: LinkListener) => Link, options: ConnectedWorkerOptions) {
    this.#options = options;
    this.traffic = options.traffic ?? { sentBytes: 0, receivedBytes: 0 };
    this.#link = openLink({
      onFrame: (frame) => this.#receive(frame),
      onClose: (code, reason) => this.#goneBecause(describeClose(code, reason)),
    });
    this.#enter('greeting', HELLO_TIMEOUT_MS);
    this.#keepPinging();
  }

  get clockOffsetMs(): number | undefined {
    return this.#clockOffset?.ms;
  }

  get isHidden(): boolean | undefined {
    return this.#isHidden;
  }

  get address(): string | undefined {
    return this.#link.address;
  }

  get isLocal(): boolean {
    return this.#link.isLocal;
  }

  get isFree(): boolean {
    const expected = this.#expected;
    return !expected || (expected.nodes.length === 1 && expected.incoming !== undefined);
  }

  sendParameters(broadcast: Broadcast): void {
    const sentCount = this.#sent?.broadcast === broadcast ? this.#sent.frameCount : 0;
    const frameCount = broadcast.sendTo(sentCount, (frame, onSent) =>
      this.#link.send(frame, onSent),
    );
    this.#sent = { broadcast, frameCount };
  }

  sendShare(round: Round, { lo, hi }: LeafRange): void {
    const nodes = maximalSubtrees(this.#options.workload.leafCount(round.kind), { lo, hi });
    this.#expected = { round, nodes, incoming: undefined };
    const sumBytes = 4 * this.#options.workload.vectorLength(round.kind);
    this.#link.limitFrames(Math.min(FRAME_BYTES_MAX, SHORT_FRAME_BYTES_MAX + sumBytes));
    this.#link.send(encodeFrame({ type: 'share', ...round, lo, hi }));
  }

  /** Tells the worker why, closes the link, and reports it gone. */
  close(reason: CloseReason): void {
    if (this.#phase === 'gone') return;
    const text = describeCloseReason(reason);
    const code = ERROR_CODES[reason.why];
    if (reason.why === 'finished' || reason.why === 'drained')
      this.#link.send(encodeFrame({ type: 'goodbye', reason: reason.why }));
    if (code !== undefined)
      this.#link.send(
        encodeFrame({ type: 'error', code, message: text.slice(0, ERROR_LENGTH_MAX) }),
      );
    this.#link.close(CLOSE_CODES[reason.why], text);
    this.#goneBecause(text);
  }

  #receive(frame: Uint8Array): void {
    if (this.#phase === 'gone') return;
    this.#silentIntervals = 0;
    try {
      this.#handle(decodeWorkerFrame(frame));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close({ why: 'protocol', message: error.message });
    }
  }

  #handle({ message, payload }: Frame<WorkerMessage>): void {
    switch (message.type) {
      case 'hello':
        return this.#welcome(message);
      case 'ready':
        return this.#becomeReady(message.parameterCount, floatsOf(payload));
      case 'partial-sum':
        return this.#collect(message, payload);
      case 'leaving':
        this.#expectPhase('ready', message.type);
        return this.#options.listener.onLeaving();
      case 'pong':
        this.#compareClocks(message.sentAt, message.now);
        this.#isHidden = message.isHidden;
        return;
      case 'error': {
        const text = `worker's error ${message.code}: ${message.message}`;
        return this.close({ why: 'worker-error', message: text });
      }
      default:
        message satisfies never;
    }
  }

  #welcome(hello: Hello): void {
    this.#expectPhase('greeting', hello.type);
    const welcome = this.#options.listener.onHello(hello);
    if ('why' in welcome) return this.close(welcome);
    this.#link.trust();
    this.#enter('preparing', PREPARE_TIMEOUT_MS);
    const { config, challenge } = this.#options;
    this.#link.send(encodeFrame({ type: 'welcome', ...welcome, config, challenge }));
  }

  #becomeReady(parameterCount: number, answer: Float32Array): void {
    this.#expectPhase('preparing', 'ready');
    const expected = this.#options.workload.parameterCount;
    if (parameterCount !== expected) {
      throw new ProtocolError(
        `the worker's model has ${parameterCount} parameters, this run's ${expected}`,
      );
    }
    const { listener } = this.#options;
    const refusal = listener.onAnswer(answer);
    if (refusal) return this.close(refusal);
    this.#enter('ready');
    this.#link.send(encodeFrame({ type: 'accepted' }));
    this.#ping();
    listener.onReady();
  }

  /** Puts a chunk into its place, and passes the sum on: as far as it is known, or whole. */
  #collect(message: PartialSumMessage, payload: Uint8Array): void {
    this.#expectPhase('ready', 'partial-sum');
    const {
      workload,
      acquire,
      unpackBfloat16,
      listener,
      chunkBytesMin = CHUNK_BYTES_MIN,
    } = this.#options;
    const expected = this.#expected;
    if (!expected || !isNext(expected, message)) return listener.onDuplicate();

    const { round, nodes } = expected;
    const [node, ...rest] = nodes;
    expected.incoming ??= {
      vector: acquire(workload.vectorLength(round.kind)),
      bfloat16Length: workload.bfloat16Length(round.kind, node),
      received: 0,
    };
    const { incoming } = expected;
    const { vector } = incoming;
    const length = placeChunk(incoming, message.offset, payload, unpackBfloat16);
    if (!isWhole(incoming)) {
      if (payload.length < chunkBytesMin)
        throw new ProtocolError(`a chunk of ${payload.length} bytes, of at least ${chunkBytesMin}`);
      return listener.onArrivingSum({ round, node, vector, length });
    }
    this.#expected = rest.length > 0 ? { round, nodes: rest, incoming: undefined } : undefined;
    if (!this.#expected) this.#link.limitFrames(SHORT_FRAME_BYTES_MAX);
    const { timing } = message;
    listener.onPartialSum({ round, node, vector, isLast: rest.length === 0, timing });
  }

  #expectPhase(expected: Phase, messageType: string): void {
    if (this.#phase !== expected)
      throw new ProtocolError(`${messageType} message while ${this.#phase}`);
  }

  /** Enters a phase, which must end within `timeoutMs` if that is given. */
  #enter(phase: Phase, timeoutMs?: number): void {
    this.#phase = phase;
    this.#cancelPhaseTimer();
    this.#cancelPhaseTimer = () => {};
    if (timeoutMs === undefined) return;
    this.#cancelPhaseTimer = this.#options.clock.setTimer(timeoutMs, () => {
      this.close({ why: 'timeout', message: `still ${phase} after ${timeoutMs / 1000} s` });
    });
  }

  #keepPinging(): void {
    const { clock } = this.#options;
    this.#cancelPingTimer = clock.setTimer(PING_INTERVAL_MS, () => {
      if (++this.#silentIntervals > SILENT_INTERVALS_MAX) {
        const seconds = (this.#silentIntervals * PING_INTERVAL_MS) / 1000;
        return this.close({ why: 'timeout', message: `silent for ${seconds} s` });
      }
      if (this.#phase !== 'greeting') this.#ping();
      this.#keepPinging();
    });
  }

  #ping(): void {
    const sentAt = this.#options.clock.now();
    this.#unansweredPings.push(sentAt);
    if (this.#unansweredPings.length > PINGS_KEPT) this.#unansweredPings.shift();
    this.#link.send(encodeFrame({ type: 'ping', sentAt }));
  }

  #compareClocks(sentAt: number, workerNow: number): void {
    const now = this.#options.clock.now();
    const index = this.#unansweredPings.indexOf(sentAt);
    if (index < 0) throw new ProtocolError(`pong of a ping that was not sent: ${sentAt}`);
    this.#unansweredPings.splice(0, index + 1);
    const uncertaintyMs = (now - sentAt) / 2;
    if (++this.#pongCount < FIRST_PINGS) this.#ping();
    if (this.#clockOffset && this.#clockOffset.uncertaintyMs <= uncertaintyMs) return;
    this.#clockOffset = { ms: workerNow - (sentAt + now) / 2, uncertaintyMs };
  }

  /** From here on this worker does not exist, whatever its socket still does. */
  #goneBecause(reason: string): void {
    if (this.#phase === 'gone') return;
    this.#enter('gone');
    this.#cancelPingTimer();
    if (this.#expected?.incoming) this.#options.release(this.#expected.incoming.vector);
    this.#options.listener.onGone(reason);
  }
}

function isNext({ round, nodes: [node] }: ExpectedSums, sum: Round & LeafRange): boolean {
  return round.kind === sum.kind && round.step === sum.step && isSameNode(node, sum);
}
