import type { Clock } from '../shared/clock.ts';
import { chunksOf, wireBytesOf } from '../shared/protocol/chunks.ts';
import { createFramePool } from '../shared/protocol/frame-pool.ts';
import type { Link } from '../shared/protocol/link.ts';
import type { ShareTiming } from '../shared/protocol/messages.ts';
import type { LeafRange } from '../shared/reduction-tree.ts';
import type { PartialSum } from '../shared/round/partial-sum.ts';
import type { Round } from '../shared/round/workload.ts';
import type { Workbench } from './workbench.ts';

export interface ShareRunnerOptions {
  readonly clock: Clock;
  /** Lets the event loop turn between two blocks, so that pings are answered. */
  readonly pause: () => Promise<void>;
  /** What this process has used so far. Undefined: shares are answered without their timing. */
  readonly usage?: (() => Pick<ShareTiming, 'cpuMs' | 'throttledMs'>) | undefined;
  /** Spoils a sum before it is sent, to see it caught. */
  readonly corrupt?: ((vector: Float32Array) => void) | undefined;
  /** Gets each share that is answered, for people. */
  readonly onAnswered?: ((share: AnsweredShare) => void) | undefined;
  readonly chunkBytes: number;
  readonly send: Link['send'];
  /** Stops the computation: nobody waits for its sums anymore. */
  readonly signal: AbortSignal;
}

/** What a worker has given with one share. */
export interface AnsweredShare {
  readonly kind: Round['kind'];
  readonly exampleCount: number;
  readonly sumCount: number;
}

/** Where the time of a share went, so far. */
type SpentTime = Omit<ShareTiming, 'cpuMs' | 'throttledMs'>;

/** Computes shares and sends their partial sums. */
export class ShareRunner {
  readonly #options: ShareRunnerOptions;
  readonly #frames = createFramePool();

  constructor(options: ShareRunnerOptions) {
    this.#options = options;
  }

  /** Computes and sends one share. `parameters` must not change meanwhile. */
  async run(
    bench: Workbench,
    round: Round,
    share: LeafRange,
    parameters: Float32Array,
  ): Promise<void> {
    const { clock, pause, signal, onAnswered } = this.#options;
    let sumCount = 0;
    const startedAt = clock.now();
    const receiveMs = bench.parameters.takeReceiveMs(startedAt);
    const spent: SpentTime = { startedAt, receiveMs, computeMs: 0, sendMs: 0 };
    for (const sum of bench.computer.compute(round, share, parameters)) {
      if (signal.aborted) return;
      if (!sum) {
        await pause();
        continue;
      }
      spent.computeMs = clock.now() - startedAt - spent.sendMs;
      this.#send(bench, round, sum, spent, sum.node.hi === share.hi);
      sumCount++;
    }
    const exampleCount = bench.workload.exampleCount(round, share);
    onAnswered?.({ kind: round.kind, exampleCount, sumCount });
  }

  /** Sends a sum in chunks. The last chunk of a share tells where its time went. */
  #send(
    { workload, kernels }: Workbench,
    { kind, step }: Round,
    { node, vector }: PartialSum,
    spent: SpentTime,
    isLast: boolean,
  ): void {
    const { clock, corrupt, usage, chunkBytes, send } = this.#options;
    const startedAt = clock.now();
    corrupt?.(vector);
    const bfloat16Length = workload.bfloat16Length(kind, node);
    if (bfloat16Length > 0) kernels.packBfloat16(vector.subarray(0, bfloat16Length));
    const bytes = wireBytesOf(vector, bfloat16Length);
    for (const { offset, chunk } of chunksOf(bytes, chunkBytes)) {
      const isEnd = isLast && offset + chunk.length === bytes.length;
      const sendMs = spent.sendMs + clock.now() - startedAt;
      const timing = isEnd && usage ? { timing: { ...spent, sendMs, ...usage() } } : {};
      const message = { type: 'partial-sum', kind, step, ...node, offset, ...timing } as const;
      const frame = this.#frames.encode(message, chunk);
      send(frame, () => this.#frames.release(frame));
    }
    spent.sendMs += clock.now() - startedAt;
  }
}
