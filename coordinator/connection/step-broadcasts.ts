import type { Broadcast } from './broadcast.ts';

/** A broadcast, and the buffer that its parameters are in. */
interface Sent {
  readonly broadcast: Broadcast;
  readonly parameters: Float32Array;
}

/**
 * The broadcasts of the current round's parameters and of the known part of the next step's. The
 * parameters of a step and their averages are in different buffers, so they are told apart.
 */
export class StepBroadcasts {
  readonly #create: (step: number) => Broadcast;
  /** Kept for the workers that join, or get their first share, in the middle of the step. */
  #current: Sent | undefined;
  #next: Sent | undefined;

  constructor(create: (step: number) => Broadcast) {
    this.#create = create;
  }

  /**
   * Begins a round of `step` with the parameters in this buffer. Their broadcast may have begun
   * before, and goes on. Any other broadcast ends.
   */
  begin(step: number, parameters: Float32Array): void {
    const known = [this.#current, this.#next].find(
      (sent) => sent?.broadcast.step === step && sent.parameters === parameters,
    );
    for (const sent of [this.#current, this.#next]) if (sent !== known) sent?.broadcast.end();
    this.#current = known;
    this.#next = undefined;
  }

  /** The broadcast of all parameters of the round that has begun, which are those of `begin`. */
  whole(step: number, parameters: Float32Array): Broadcast {
    if (!this.#current) {
      this.#current = { broadcast: this.#create(step), parameters };
      this.#current.broadcast.encode(parameters, parameters.length);
    }
    return this.#current.broadcast;
  }

  /** The broadcast of the first `length` parameters of `step`, which is the next step. */
  part(step: number, parameters: Float32Array, length: number): Broadcast {
    this.#next ??= { broadcast: this.#create(step), parameters };
    this.#next.broadcast.encode(parameters, length);
    return this.#next.broadcast;
  }

  /** Drops the broadcast of the next step's parameters: they were wrong. */
  rollBack(): void {
    this.#next?.broadcast.end();
    this.#next = undefined;
  }
}
