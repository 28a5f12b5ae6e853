import { bytesOf } from '../shared/bytes.ts';
import type { Clock } from '../shared/clock.ts';
import type { Dataset } from '../shared/data/dataset.ts';
import type { DatasetManifest } from '../shared/data/manifest.ts';
import type { Engine } from '../shared/engine/engine.ts';
import type { Numerics } from '../shared/engine/kernels.ts';
import { isPermanent, ProtocolError, reasonOf } from '../shared/errors.ts';
import { chunkBytesFor } from '../shared/protocol/chunks.ts';
import { decodeCoordinatorFrame, encodeFrame, type Frame } from '../shared/protocol/codec.ts';
import {
  DRAIN_TIMEOUT_MS,
  ERROR_LENGTH_MAX,
  PING_INTERVAL_MS,
  PROTOCOL_VERSION,
  SILENT_INTERVALS_MAX,
} from '../shared/protocol/limits.ts';
import { CLOSE, describeClose, type Link, type LinkListener } from '../shared/protocol/link.ts';
import type { CoordinatorMessage, Hello } from '../shared/protocol/messages.ts';
import type { LeafRange } from '../shared/reduction-tree.ts';
import { answerOf, solveChallenge } from '../shared/round/challenge.ts';
import type { RunConfig } from '../shared/round/run-config.ts';
import type { Round } from '../shared/round/workload.ts';
import { type CloseReason, closingFor, type SessionEnd } from './close-reason.ts';
import { ShareRunner, type ShareRunnerOptions } from './share-runner.ts';
import { type CreateComputer, createWorkbench, type Workbench, warmUp } from './workbench.ts';

/*
 * One connection of a worker, from hello to its end. `run-worker` opens the next one.
 *
 *   greeting ──welcome──► preparing ──data are here, ──► idle ◄──last sum sent──┐
 *      │                      │      and it is warm       │                     │
 *      │                      │                           ├──share──► computing ┘
 *      └──────────────────────┴────────── close ──────────┴──────────────► closed
 *
 * The worker is idle from its `ready` on. It has joined when the coordinator has `accepted` it.
 *
 * `leave` says `leaving`, finishes the share if there is one, and waits for the coordinator's
 * goodbye, 8 s at most. Before the worker is ready there is nothing to finish: it just closes.
 *
 * While a share is computed, the event loop turns between two blocks of examples. So pings are
 * answered, and a closed link is noticed.
 *
 * Invariants.
 *   1. `ended` is resolved once, by `#end`, and nothing happens after it.
 *   2. Only `#receive` runs on bytes of the coordinator. Every protocol error becomes a close.
 *   3. A share is computed with the parameters that were whole when it was asked for.
 */

export interface WorkerSessionOptions
  extends Pick<ShareRunnerOptions, 'clock' | 'pause' | 'usage' | 'corrupt' | 'onAnswered'> {
  readonly clock: Clock;
  readonly identity: Pick<
    Hello,
    'name' | 'pid' | 'token' | 'numerics' | 'threads' | 'runtime' | 'identity'
  >;
  /** Opens an engine of numerics that the identity names, with memory of its own. */
  readonly openEngine: (numerics: Numerics) => Engine;
  /** Computes shares in place of the engine, where a worker is only simulated. */
  readonly createComputer?: CreateComputer;
  /** Gets the run's dataset, from wherever its contents are. */
  readonly loadDataset: (manifest: DatasetManifest, signal: AbortSignal) => Promise<Dataset>;
  /**
   * Gets the identity that the coordinator issued, to be shown when the worker comes back, and what
   * is to be computed.
   */
  readonly onWelcome: (identity: string, config: RunConfig) => void;
  /** The coordinator has accepted the worker: its bits are right. */
  readonly onJoined: (rank: number) => void;
  /** Whether people see the worker's page. Undefined: it has none. */
  readonly isHidden?: () => boolean;
  /** The size of a sum's chunks, in bytes. By default it follows from the link. */
  readonly chunkBytes?: number;
}

type Welcome = Extract<CoordinatorMessage, { type: 'welcome' }>;

type SessionState =
  | { readonly name: 'greeting' | 'preparing' | 'closed' }
  | { readonly name: 'idle' | 'computing'; readonly bench: Workbench };

/** Gets ready, computes shares, answers, and ends well. */
export class WorkerSession {
  readonly ended: Promise<SessionEnd>;
  readonly #resolveEnded: (end: SessionEnd) => void;
  readonly #link: Link;
  readonly #options: WorkerSessionOptions;
  /** Aborted when the session has ended, for everything that it still waits for. */
  readonly #closing = new AbortController();
  readonly #runner: ShareRunner;
  #state: SessionState = { name: 'greeting' };
  #rank = 0;
  #isLeaving = false;
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
      onClose: (code, reason) => this.#handleClosed(code, reason),
    });
    const { clock, pause, usage, corrupt, onAnswered, chunkBytes } = options;
    this.#runner = new ShareRunner({
      clock,
      pause,
      usage,
      corrupt,
      onAnswered,
      chunkBytes: chunkBytes ?? chunkBytesFor(this.#link.isLocal),
      send: (frame, onSent) => this.#link.send(frame, onSent),
      signal: this.#closing.signal,
    });
    const { identity } = options;
    this.#link.send(encodeFrame({ type: 'hello', protocolVersion: PROTOCOL_VERSION, ...identity }));
    this.#watchSilence();
  }

  /** Asks to leave, and ends when the coordinator has all sums that it asked for. */
  leave(): void {
    if (this.#isLeaving || this.#state.name === 'closed') return;
    this.#isLeaving = true;
    if (!('bench' in this.#state)) return this.#close({ why: 'leaving' });
    this.#link.send(encodeFrame({ type: 'leaving' }));
    const { clock } = this.#options;
    this.#cancelDrainTimer = clock.setTimer(DRAIN_TIMEOUT_MS, () =>
      this.#close({ why: 'leaving' }),
    );
  }

  #receive(frame: Uint8Array): void {
    if (this.#state.name === 'closed') return;
    this.#silentIntervals = 0;
    try {
      this.#handle(decodeCoordinatorFrame(frame));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#close({ why: 'protocol', message: error.message });
    }
  }

  #handle({ message, payload }: Frame<CoordinatorMessage>): void {
    const { clock, isHidden } = this.#options;
    switch (message.type) {
      case 'welcome':
        this.#options.onWelcome(message.identity, message.config);
        return this.#handleWelcome(message);
      case 'accepted':
        this.#idleBench(message.type);
        return this.#options.onJoined(this.#rank);
      case 'parameters': {
        const { parameters } = this.#idleBench(message.type);
        return parameters.receive(message.step, message.offset, payload, clock.now());
      }
      case 'share': {
        const { kind, step, lo, hi } = message;
        return this.#startShare(this.#idleBench(message.type), { kind, step }, { lo, hi });
      }
      case 'ping': {
        const { sentAt } = message;
        const shown = isHidden ? { isHidden: isHidden() } : {};
        return this.#link.send(encodeFrame({ type: 'pong', sentAt, now: clock.now(), ...shown }));
      }
      case 'goodbye':
        return this.#close({ why: message.reason });
      case 'error':
        this.#lastError = message.message;
        return;
      default:
        message satisfies never;
    }
  }

  #handleWelcome(welcome: Welcome): void {
    if (this.#state.name !== 'greeting') throw new ProtocolError('second welcome message');
    this.#state = { name: 'preparing' };
    this.#rank = welcome.rank;
    void this.#prepare(welcome);
  }

  async #prepare({ config, challenge }: Welcome): Promise<void> {
    const { openEngine, createComputer, loadDataset, pause } = this.#options;
    const { signal } = this.#closing;
    let bench: Workbench | undefined;
    let answer: Float32Array;
    try {
      const dataset = await loadDataset(config.dataset, signal);
      if (signal.aborted) return;
      const engine = openEngine(config.numerics);
      bench = createWorkbench(config, dataset, engine, createComputer);
      answer = answerOf(solveChallenge(engine, config, challenge));
      await warmUp(bench, pause, signal);
      if (signal.aborted) return bench.computer.close?.();
    } catch (error) {
      bench?.computer.close?.();
      if (isPermanent(error)) return this.#close({ why: 'failed', error });
      return this.#close({ why: 'protocol', message: `cannot get ready: ${reasonOf(error)}` });
    }
    this.#state = { name: 'idle', bench };
    const { parameterCount } = bench.workload;
    this.#link.send(encodeFrame({ type: 'ready', parameterCount }, bytesOf(answer)));
  }

  #idleBench(messageType: string): Workbench {
    if (this.#state.name === 'idle') return this.#state.bench;
    throw new ProtocolError(`${messageType} message while not ready for it`);
  }

  #startShare(bench: Workbench, round: Round, share: LeafRange): void {
    const { lo, hi } = share;
    const { current } = bench.parameters;
    const isValid = lo < hi && hi <= bench.workload.leafCount(round.kind);
    if (current?.step !== round.step || !isValid) {
      throw new ProtocolError(
        `share [${lo}, ${hi}) of step ${round.step} with parameters of step ` +
          `${current?.step ?? 'none'}`,
      );
    }
    this.#state = { name: 'computing', bench };
    void this.#compute(bench, round, share, current.values);
  }

  async #compute(
    bench: Workbench,
    round: Round,
    share: LeafRange,
    parameters: Float32Array,
  ): Promise<void> {
    try {
      await this.#runner.run(bench, round, share, parameters);
    } catch (error) {
      return this.#close({ why: 'failed', error: error as Error });
    }
    if (this.#state.name === 'computing') this.#state = { name: 'idle', bench };
  }

  #watchSilence(): void {
    this.#cancelSilenceTimer = this.#options.clock.setTimer(PING_INTERVAL_MS, () => {
      if (++this.#silentIntervals <= SILENT_INTERVALS_MAX) return this.#watchSilence();
      const seconds = (this.#silentIntervals * PING_INTERVAL_MS) / 1000;
      this.#close({ why: 'silent', message: `silent for ${seconds} s` });
    });
  }

  #handleClosed(code: number, closeReason: string): void {
    const reason = this.#lastError ?? describeClose(code, closeReason);
    if (code === CLOSE.refused) this.#end({ outcome: 'refused', reason });
    else if (code === CLOSE.failed) this.#end({ outcome: 'run-failed', reason });
    else if (this.#isLeaving) this.#end({ outcome: 'drained' });
    else this.#end({ outcome: 'lost', reason });
  }

  /** Tells the coordinator why, if that is its business, and ends the session. */
  #close(reason: CloseReason): void {
    if (this.#state.name === 'closed') return;
    const { code, text, error, end } = closingFor(reason);
    if (error) {
      const message = error.message.slice(0, ERROR_LENGTH_MAX);
      this.#link.send(encodeFrame({ type: 'error', code: error.code, message }));
    }
    this.#link.close(code, text);
    this.#end(end);
  }

  #end(end: SessionEnd): void {
    if ('bench' in this.#state) this.#state.bench.computer.close?.();
    this.#state = { name: 'closed' };
    this.#closing.abort();
    this.#cancelSilenceTimer();
    this.#cancelDrainTimer();
    this.#resolveEnded(end);
  }
}
