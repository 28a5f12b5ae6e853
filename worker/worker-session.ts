import type { Clock } from '../shared/clock.ts';
import type { Dataset } from '../shared/data/dataset.ts';
import type { DatasetManifest } from '../shared/data/manifest.ts';
import type { Engine } from '../shared/engine/engine.ts';
import type { Numerics } from '../shared/engine/kernels.ts';
import { LockstepError, ProtocolError, reasonOf } from '../shared/errors.ts';
import { chunkBytesFor, chunksOf, travellingPart } from '../shared/protocol/chunks.ts';
import { decodeCoordinatorFrame, encodeFrame, type Frame } from '../shared/protocol/codec.ts';
import { createFramePool } from '../shared/protocol/frame-pool.ts';
import {
  DRAIN_TIMEOUT_MS,
  ERROR_LENGTH_MAX,
  PING_INTERVAL_MS,
  PROTOCOL_VERSION,
  SILENT_INTERVALS_MAX,
} from '../shared/protocol/limits.ts';
import { CLOSE, type Link, type LinkListener } from '../shared/protocol/link.ts';
import type { CoordinatorMessage, Hello, ShareTiming } from '../shared/protocol/messages.ts';
import type { LeafRange } from '../shared/reduction-tree.ts';
import type { RunConfig } from '../shared/run-config.ts';
import type { PartialSum } from '../shared/share-computer.ts';
import type { Round } from '../shared/workload.ts';
import { type CreateComputer, createWorkbench, receiveParameters, type Workbench } from './workbench.ts';

/** How a worker's connection ended. Only after `lost` is there anything to come back for. */
export type SessionEnd =
  | { readonly outcome: 'finished' }
  | { readonly outcome: 'drained' }
  | { readonly outcome: 'refused'; readonly reason: string }
  /** This machine cannot compute the run, now or later. */
  | { readonly outcome: 'failed'; readonly error: LockstepError }
  | { readonly outcome: 'lost'; readonly reason: string };

export interface WorkerSessionOptions {
  readonly clock: Clock;
  readonly identity: Pick<Hello, 'name' | 'pid' | 'token' | 'numerics'>;
  /** An engine of a profile that the identity names, with memory of its own. */
  readonly openEngine: (numerics: Numerics) => Engine;
  /** What computes shares in the place of the engine, where a worker is only simulated. */
  readonly createComputer?: CreateComputer;
  /** Gets the run's dataset, from wherever its contents are. */
  readonly loadDataset: (manifest: DatasetManifest, signal: AbortSignal) => Promise<Dataset>;
  /** Gives way between two micro-batches, so that pings are answered and a closed link is noticed. */
  readonly pause: () => Promise<void>;
  /** What this process has used so far; where that is unknown, shares are answered without their timing. */
  readonly usage?: () => Pick<ShareTiming, 'cpuMs' | 'throttledMs'>;
  readonly onReady: (rank: number) => void;
  /** How long a chunk of a sum is, in bytes, if that is not to follow from the link. */
  readonly chunkBytes?: number;
  /** Spoils a sum before it is sent, where a worker is to be caught. */
  readonly corrupt?: ((vector: Float32Array) => void) | undefined;
}

/** How the time of a share goes by. */
type Spent = Omit<ShareTiming, 'cpuMs' | 'throttledMs'>;

/** One connection of a worker, from hello to its end: gets ready, computes shares, answers. */
export class WorkerSession {
  readonly ended: Promise<SessionEnd>;
  readonly #resolveEnded: (end: SessionEnd) => void;
  readonly #link: Link;
  readonly #options: WorkerSessionOptions;
  /** Aborted when the session has ended, for whatever it still waits for. */
  readonly #closing = new AbortController();
  readonly #frames = createFramePool();
  #isWelcomed = false;
  #isLeaving = false;
  #bench: Workbench | undefined;
  #lastError: string | undefined;
  #silentIntervals = 0;
  #cancelSilenceTimer = () => {};
  #cancelDrainTimer = () => {};

  constructor(openLink: (listener: LinkListener) => Link, options: WorkerSessionOptions) {
    const { promise, resolve } = Promise.withResolvers<SessionEnd>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#options = options;
    this.#link = openLink({
      onFrame: (frame) => this.#receive(frame),
      onClose: (code, reason) => this.#closed(code, reason),
    });
    this.#link.send(encodeFrame({ type: 'hello', protocolVersion: PROTOCOL_VERSION, ...options.identity }));
    this.#watchSilence();
  }

  /** Takes no further share, finishes the present one, and ends. */
  leave(): void {
    if (this.#isLeaving || this.#closing.signal.aborted) return;
    this.#isLeaving = true;
    if (!this.#bench) return this.#hangUp();
    this.#link.send(encodeFrame({ type: 'leaving' }));
    this.#cancelDrainTimer = this.#options.clock.setTimer(DRAIN_TIMEOUT_MS, () => this.#hangUp());
  }

  #receive(frame: Uint8Array): void {
    if (this.#closing.signal.aborted) return;
    this.#silentIntervals = 0;
    try {
      this.#handle(decodeCoordinatorFrame(frame));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(error.message);
    }
  }

  #handle({ message, payload }: Frame<CoordinatorMessage>): void {
    switch (message.type) {
      case 'welcome':
        return this.#welcomed(message.rank, message.config);
      case 'parameters': {
        const bench = this.#idleBench(message.type);
        if (message.offset === 0) bench.receivingSince = this.#options.clock.now();
        return receiveParameters(bench, message.step, message.offset, payload);
      }
      case 'share': {
        const { kind, step, lo, hi } = message;
        return this.#startShare(this.#idleBench(message.type), { kind, step }, { lo, hi });
      }
      case 'ping':
        return this.#link.send(
          encodeFrame({ type: 'pong', sentAt: message.sentAt, now: this.#options.clock.now() }),
        );
      case 'goodbye':
        this.#link.close(CLOSE.normal, message.reason);
        return this.#end({ outcome: message.reason });
      case 'error':
        this.#lastError = message.message;
    }
  }

  #welcomed(rank: number, config: RunConfig): void {
    if (this.#isWelcomed) throw new ProtocolError('second welcome message');
    this.#isWelcomed = true;
    void this.#prepare(rank, config);
  }

  async #prepare(rank: number, config: RunConfig): Promise<void> {
    const { openEngine, createComputer, loadDataset, onReady } = this.#options;
    let bench: Workbench;
    try {
      const dataset = await loadDataset(config.dataset, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      bench = createWorkbench(config, dataset, openEngine(config.numerics), createComputer);
    } catch (error) {
      if (isForGood(error)) return this.#giveUp(error);
      return this.#fail(`cannot get ready: ${reasonOf(error)}`);
    }
    this.#bench = bench;
    this.#link.send(encodeFrame({ type: 'ready', parameterCount: bench.parameters.length }));
    onReady(rank);
  }

  #idleBench(messageType: string): Workbench {
    const bench = this.#bench;
    if (!bench || bench.isComputing) throw new ProtocolError(`${messageType} message while not ready for it`);
    return bench;
  }

  #startShare(bench: Workbench, round: Round, share: LeafRange): void {
    const { lo, hi } = share;
    if (bench.parametersStep !== round.step || lo >= hi || hi > bench.workload.leafCount(round.kind)) {
      const present = bench.parametersStep ?? 'none';
      throw new ProtocolError(
        `share [${lo}, ${hi}) of step ${round.step} with parameters of step ${present}`,
      );
    }
    bench.isComputing = true;
    void this.#compute(bench, round, share);
  }

  async #compute(bench: Workbench, round: Round, share: LeafRange): Promise<void> {
    const { clock, pause } = this.#options;
    const startedAt = clock.now();
    const receiveMs = startedAt - (bench.receivingSince ?? startedAt);
    bench.receivingSince = undefined;
    const spent: Spent = { startedAt, receiveMs, computeMs: 0, sendMs: 0 };
    try {
      for (const partialSum of bench.computer.compute(round, share, bench.parameters)) {
        if (this.#closing.signal.aborted) return;
        if (!partialSum) {
          await pause();
          continue;
        }
        spent.computeMs = clock.now() - startedAt - spent.sendMs;
        this.#answer(bench, round, partialSum, spent, partialSum.node.hi === share.hi);
      }
    } catch (error) {
      if (!isForGood(error)) throw error;
      return this.#giveUp(error);
    }
    bench.isComputing = false;
  }

  /** Sends a sum; with the last one of a share goes how long it took. */
  #answer(
    { workload, kernels }: Workbench,
    { kind, step }: Round,
    { node, vector }: PartialSum,
    spent: Spent,
    isLast: boolean,
  ): void {
    const { clock, corrupt, usage, chunkBytes = chunkBytesFor(this.#link.isLocal) } = this.#options;
    const startedAt = clock.now();
    corrupt?.(vector);
    const narrowLength = workload.narrowLength(kind, node);
    if (narrowLength > 0) kernels.narrow(vector.subarray(0, narrowLength));
    const bytes = travellingPart(vector, narrowLength);
    for (const { offset, chunk } of chunksOf(bytes, chunkBytes)) {
      const isEnd = isLast && offset + chunk.length === bytes.length;
      const sendMs = spent.sendMs + clock.now() - startedAt;
      const timing = isEnd && usage ? { ...spent, sendMs, ...usage() } : undefined;
      const header = { type: 'partial-sum', kind, step, ...node, offset, ...(timing && { timing }) } as const;
      const frame = this.#frames.encode(header, chunk);
      this.#link.send(frame, () => this.#frames.release(frame));
    }
    spent.sendMs += clock.now() - startedAt;
  }

  #watchSilence(): void {
    this.#cancelSilenceTimer = this.#options.clock.setTimer(PING_INTERVAL_MS, () => {
      if (++this.#silentIntervals <= SILENT_INTERVALS_MAX) return this.#watchSilence();
      const seconds = (this.#silentIntervals * PING_INTERVAL_MS) / 1000;
      this.#link.close(CLOSE.timeout, 'coordinator silent');
      this.#end({ outcome: 'lost', reason: `silent for ${seconds} s` });
    });
  }

  #closed(code: number, closeReason: string): void {
    const reason = this.#lastError ?? (closeReason || `connection closed with code ${code}`);
    if (code === CLOSE.refused) this.#end({ outcome: 'refused', reason });
    else if (this.#isLeaving) this.#end({ outcome: 'drained' });
    else this.#end({ outcome: 'lost', reason });
  }

  #hangUp(): void {
    this.#link.close(CLOSE.normal, 'leaving');
    this.#end({ outcome: 'drained' });
  }

  /** The coordinator or this worker is at fault: says so, and gives the connection up. */
  #fail(reason: string): void {
    this.#complain('PROTOCOL', reason, { outcome: 'lost', reason });
  }

  #giveUp(error: LockstepError): void {
    this.#complain(error.code, error.message, { outcome: 'failed', error });
  }

  #complain(code: string, reason: string, end: SessionEnd): void {
    if (this.#closing.signal.aborted) return;
    const message = reason.slice(0, ERROR_LENGTH_MAX);
    this.#link.send(encodeFrame({ type: 'error', code, message }));
    this.#link.close(CLOSE.protocolError, reason);
    this.#end(end);
  }

  #end(how: SessionEnd): void {
    this.#closing.abort();
    this.#cancelSilenceTimer();
    this.#cancelDrainTimer();
    this.#resolveEnded(how);
  }
}

/** Whether it would fail again however often it is tried. */
function isForGood(error: unknown): error is LockstepError {
  return error instanceof LockstepError && ['MODEL', 'MEMORY', 'ENGINE'].includes(error.code);
}
