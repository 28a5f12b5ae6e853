import type { Clock } from '../shared/clock.ts';
import { LockstepError, ProtocolError } from '../shared/errors.ts';
import { type IncomingVector, isWhole, placeChunk } from '../shared/protocol/chunks.ts';
import { decodeWorkerFrame, encodeFrame, type Frame } from '../shared/protocol/codec.ts';
import {
  ERROR_LENGTH_MAX,
  HELLO_TIMEOUT_MS,
  PING_INTERVAL_MS,
  PREPARE_TIMEOUT_MS,
  SILENT_INTERVALS_MAX,
} from '../shared/protocol/limits.ts';
import { CLOSE, type Link, type LinkListener } from '../shared/protocol/link.ts';
import type { Hello, ShareTiming, WorkerMessage } from '../shared/protocol/messages.ts';
import { type LeafRange, maximalSubtrees } from '../shared/reduction-tree.ts';
import type { RunConfig } from '../shared/run-config.ts';
import type { Round, Workload } from '../shared/workload.ts';
import type { Broadcast } from './broadcast.ts';

/** The sum of one node of a share. */
export interface Answer {
  readonly round: Round;
  readonly node: LeafRange;
  /** The listener's own from now on. */
  readonly vector: Float32Array;
  /** The worker owes nothing more. */
  readonly isLast: boolean;
  /** How the whole share's time went by, if the worker says so; comes with the last one. */
  readonly timing: ShareTiming | undefined;
}

/** A sum that is on its way: the first `length` values of the vector, which stays the connection's, are here. */
export interface GrowingAnswer extends Pick<Answer, 'round' | 'node' | 'vector'> {
  readonly length: number;
}

/** What the pool hears from one worker's connection. Nothing comes after `onGone`, which comes once. */
export interface ConnectedWorkerListener {
  /** Admits a worker by returning its rank, or throws a `REFUSED` error. */
  onHello(hello: Hello): number;
  onReady(): void;
  onGrowth(answer: GrowingAnswer): void;
  onPartialSum(answer: Answer): void;
  /** An answer to something that it does not owe: a duplicate. It was dropped. */
  onUnasked(): void;
  /** It wants to leave: no more shares. */
  onLeaving(): void;
  /** The connection is over; `reason` is for people. */
  onGone(reason: string): void;
}

export interface ConnectedWorkerOptions {
  readonly clock: Clock;
  readonly config: RunConfig;
  readonly workload: Workload;
  /** A vector of that length, for the partial sum that comes in; its old contents do not matter. */
  readonly acquire: (length: number) => Float32Array;
  /** Takes such a vector back, if the sum will never be whole. */
  readonly release: (vector: Float32Array) => void;
  /** Makes f32 values of what came in 16 bits; see `Kernels`. */
  readonly widen: (values: Float32Array) => void;
  readonly listener: ConnectedWorkerListener;
}

/** So many pings follow one another at once, as soon as a worker is ready: one of them will find both ends free. */
const FIRST_PINGS = 8;

type PartialSumMessage = Extract<WorkerMessage, { type: 'partial-sum' }>;
type Phase = 'greeting' | 'preparing' | 'ready' | 'gone';

/** The answers that a worker owes: the nodes of its share, in order, and the first one's bytes so far. */
interface Debt {
  readonly round: Round;
  readonly nodes: LeafRange[];
  incoming: IncomingVector | undefined;
}

/** The coordinator's end of one worker's connection: handshake, heartbeat, shares out, partial sums in. */
export class ConnectedWorker {
  readonly #link: Link;
  readonly #options: ConnectedWorkerOptions;
  #phase: Phase = 'greeting';
  #debt: Debt | undefined;
  #sent: { readonly broadcast: Broadcast; readonly frameCount: number } | undefined;
  #silentIntervals = 0;
  #pongCount = 0;
  #clockOffset: { ms: number; uncertaintyMs: number } | undefined;
  #cancelPhaseTimer = () => {};
  #cancelPingTimer = () => {};

  constructor(openLink: (listener: LinkListener) => Link, options: ConnectedWorkerOptions) {
    this.#options = options;
    this.#link = openLink({
      onFrame: (frame) => this.#receive(frame),
      onClose: (code, reason) => this.#end(describeClose(code, reason)),
    });
    this.#enter('greeting', HELLO_TIMEOUT_MS);
    this.#keepPinging();
  }

  /**
   * What the worker's clock shows beyond ours, in ms: as if the fastest ping and its pong had travelled equally long.
   * Undefined until the first one is back.
   */
  get clockOffsetMs(): number | undefined {
    return this.#clockOffset?.ms;
  }

  /** Whether it is on this machine. */
  get isLocal(): boolean {
    return this.#link.isLocal;
  }

  /** Whether it computes nothing now: it has sent all sums that it was asked for, or is sending the last. */
  get isFree(): boolean {
    return !this.#debt || (this.#debt.nodes.length === 1 && this.#debt.incoming !== undefined);
  }

  /** Sends what it has not of the parameters, and of these what is encoded. */
  sendParameters(broadcast: Broadcast): void {
    const sent = this.#sent?.broadcast === broadcast ? this.#sent.frameCount : 0;
    const frameCount = broadcast.sendTo(sent, (frame, onSent) => this.#link.send(frame, onSent));
    this.#sent = { broadcast, frameCount };
  }

  /** Asks for a share, after the parameters of its step. A worker owes one share at a time. */
  sendShare(round: Round, { lo, hi }: LeafRange): void {
    const nodes = maximalSubtrees(this.#options.workload.leafCount(round.kind), { lo, hi });
    this.#debt = { round, nodes, incoming: undefined };
    this.#link.send(encodeFrame({ type: 'share', ...round, lo, hi }));
  }

  /** Lets the worker go in peace. */
  sayGoodbye(reason: 'finished' | 'drained'): void {
    this.#link.send(encodeFrame({ type: 'goodbye', reason }));
    this.#link.close(CLOSE.normal, reason);
    this.#end(reason);
  }

  /** Ends the connection for no fault of the worker's: it should come back later. */
  goAway(reason: string): void {
    this.#link.close(CLOSE.goingAway, reason);
    this.#end(reason);
  }

  /** Ends the connection for the worker's fault: tells it why, closes, reports it gone. */
  drop(closeCode: number, errorCode: string, reason: string): void {
    if (this.#phase === 'gone') return;
    const message = reason.slice(0, ERROR_LENGTH_MAX);
    this.#link.send(encodeFrame({ type: 'error', code: errorCode, message }));
    this.#link.close(closeCode, reason);
    this.#end(reason);
  }

  #receive(frame: Uint8Array): void {
    if (this.#phase === 'gone') return;
    this.#silentIntervals = 0;
    try {
      this.#handle(decodeWorkerFrame(frame));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.drop(CLOSE.protocolError, error.code, error.message);
    }
  }

  #handle({ message, payload }: Frame<WorkerMessage>): void {
    switch (message.type) {
      case 'hello':
        return this.#welcome(message);
      case 'ready':
        return this.#becomeReady(message.parameterCount);
      case 'partial-sum':
        return this.#collect(message, payload);
      case 'leaving':
        return this.#options.listener.onLeaving();
      case 'pong':
        return this.#compareClocks(message.sentAt, message.now);
      case 'error':
        return this.#end(`worker's error ${message.code}: ${message.message}`);
    }
  }

  #welcome(hello: Hello): void {
    this.#expectPhase('greeting', hello.type);
    let rank: number;
    try {
      rank = this.#options.listener.onHello(hello);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      return this.drop(CLOSE.refused, error.code, error.message);
    }
    this.#enter('preparing', PREPARE_TIMEOUT_MS);
    this.#link.send(encodeFrame({ type: 'welcome', rank, config: this.#options.config }));
  }

  #becomeReady(parameterCount: number): void {
    this.#expectPhase('preparing', 'ready');
    const expected = this.#options.workload.parameterCount;
    if (parameterCount !== expected) {
      throw new ProtocolError(`the worker's model has ${parameterCount} parameters, this run's ${expected}`);
    }
    this.#enter('ready');
    this.#ping();
    this.#options.listener.onReady();
  }

  /** Puts a chunk of a partial sum to the others; hands the sum on when it is whole. */
  #collect(message: PartialSumMessage, payload: Uint8Array): void {
    this.#expectPhase('ready', 'partial-sum');
    const { workload, acquire, widen, listener } = this.#options;
    const debt = this.#debt;
    if (!debt || !isOwed(debt, message)) return listener.onUnasked();

    const { round, nodes } = debt;
    const [node, ...rest] = nodes;
    debt.incoming ??= {
      vector: acquire(workload.vectorLength(round.kind)),
      narrowLength: workload.narrowLength(round.kind, node),
      received: 0,
    };
    const { incoming } = debt;
    const { vector } = incoming;
    const length = placeChunk(incoming, message.offset, payload, widen);
    if (!isWhole(incoming)) return listener.onGrowth({ round, node, vector, length });
    this.#debt = rest.length > 0 ? { round, nodes: rest, incoming: undefined } : undefined;
    listener.onPartialSum({ round, node, vector, isLast: rest.length === 0, timing: message.timing });
  }

  #expectPhase(expected: Phase, messageType: string): void {
    if (this.#phase !== expected) throw new ProtocolError(`${messageType} message while ${this.#phase}`);
  }

  /** Goes to a phase that must end within `timeoutMs`, if that is given. */
  #enter(phase: Phase, timeoutMs?: number): void {
    this.#phase = phase;
    this.#cancelPhaseTimer();
    this.#cancelPhaseTimer = () => {};
    if (timeoutMs === undefined) return;
    this.#cancelPhaseTimer = this.#options.clock.setTimer(timeoutMs, () => {
      this.drop(CLOSE.timeout, 'TIMEOUT', `still ${phase} after ${timeoutMs / 1000} s`);
    });
  }

  #keepPinging(): void {
    const { clock } = this.#options;
    this.#cancelPingTimer = clock.setTimer(PING_INTERVAL_MS, () => {
      if (++this.#silentIntervals > SILENT_INTERVALS_MAX) {
        const seconds = (this.#silentIntervals * PING_INTERVAL_MS) / 1000;
        return this.drop(CLOSE.timeout, 'TIMEOUT', `silent for ${seconds} s`);
      }
      this.#ping();
      this.#keepPinging();
    });
  }

  #ping(): void {
    this.#link.send(encodeFrame({ type: 'ping', sentAt: this.#options.clock.now() }));
  }

  #compareClocks(sentAt: number, workerNow: number): void {
    const now = this.#options.clock.now();
    const uncertaintyMs = (now - sentAt) / 2;
    if (++this.#pongCount < FIRST_PINGS) this.#ping();
    if (this.#clockOffset && this.#clockOffset.uncertaintyMs <= uncertaintyMs) return;
    this.#clockOffset = { ms: workerNow - (sentAt + now) / 2, uncertaintyMs };
  }

  /** From here on this worker does not exist, whatever its socket still does. */
  #end(reason: string): void {
    if (this.#phase === 'gone') return;
    this.#enter('gone');
    this.#cancelPingTimer();
    if (this.#debt?.incoming) this.#options.release(this.#debt.incoming.vector);
    this.#options.listener.onGone(reason);
  }
}

function isOwed({ round, nodes: [node] }: Debt, answer: Round & LeafRange): boolean {
  const isSameRound = round.kind === answer.kind && round.step === answer.step;
  return isSameRound && node.lo === answer.lo && node.hi === answer.hi;
}

function describeClose(code: number, reason: string): string {
  if (reason !== '') return reason;
  return code === CLOSE.abnormal ? 'connection lost' : `connection closed with code ${code}`;
}
