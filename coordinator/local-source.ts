import { setImmediate } from 'node:timers/promises';
import { assert } from '../shared/assert.ts';
import type { ShareComputer } from '../shared/share-computer.ts';
import type { Round, Workload } from '../shared/workload.ts';
import type { GradientSource, RoundSum } from './gradient-source.ts';

/** Computes everything in this process; lets the event loop turn before each block of examples. */
export class LocalSource implements GradientSource {
  readonly worldSize = 0;
  readonly #computer: ShareComputer;
  readonly #workload: Workload;

  constructor(computer: ShareComputer, workload: Workload) {
    this.#computer = computer;
    this.#workload = workload;
  }

  async sum(round: Round, parameters: Float32Array, signal: AbortSignal): Promise<RoundSum> {
    const everything = { lo: 0, hi: this.#workload.leafCount(round.kind) };
    const sums = this.#computer.compute(round, everything, parameters);
    for (;;) {
      await setImmediate();
      signal.throwIfAborted();
      const { value: partialSum, done } = sums.next();
      assert(!done, 'the whole tree is one subtree');
      if (!partialSum) continue;
      const contributions = [{ worker: null, node: everything, use: 'summed' }] as const;
      return { root: partialSum.vector, contributions };
    }
  }
}
