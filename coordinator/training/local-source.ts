import { assert } from '../../shared/assert.ts';
import type { PartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import type { Round, Workload } from '../../shared/round/workload.ts';
import type { GradientSource, RoundSum } from './gradient-source.ts';

/** Computes all sums in this process. */
export class LocalSource implements GradientSource {
  readonly worldSize = 0;
  readonly #computer: PartialSumComputer;
  readonly #workload: Workload;
  readonly #pause: () => Promise<void>;

  /** `pause` lets the event loop turn. It is called before each block of examples. */
  constructor(computer: PartialSumComputer, workload: Workload, pause: () => Promise<void>) {
    this.#computer = computer;
    this.#workload = workload;
    this.#pause = pause;
  }

  async sum(round: Round, parameters: Float32Array, signal: AbortSignal): Promise<RoundSum> {
    const everything = { lo: 0, hi: this.#workload.leafCount(round.kind) };
    const sums = this.#computer.compute(round, everything, parameters);
    for (;;) {
      await this.#pause();
      signal.throwIfAborted();
      const { value: partialSum, done } = sums.next();
      assert(!done, 'the whole tree is one subtree');
      if (!partialSum) continue;
      const contributions = [{ worker: null, node: everything, use: 'summed' }] as const;
      return { root: partialSum.vector, contributions };
    }
  }
}
