import type { Broadcast } from './broadcast.ts';

/** The broadcasts of the current step's parameters and of the known part of the next step's. */
export class StepBroadcasts {
  readonly #create: (step: number) => Broadcast;
  /** Kept for the workers that join, or get their first share, in the middle of the step. */
  #current: Broadcast | undefined;
  #next: Broadcast | undefined;

  constructor(create: (step: number) => Broadcast) {
    this.#create = create;
  }

  /**
   * Begins a round of `step`. The broadcast of its parameters may have begun before, and goes on.
   * The broadcast of any other step ends.
   */
  begin(step: number): void {
    const known = [this.#current, this.#next].find((broadcast) => broadcast?.step === step);
    for (const broadcast of [this.#current, this.#next]) if (broadcast !== known) broadcast?.end();
    this.#current = known;
    this.#next = undefined;
  }

  /** The broadcast of all parameters of `step`. This step must be the one that has begun. */
  whole(step: number, parameters: Float32Array): Broadcast {
    if (!this.#current) {
      this.#current = this.#create(step);
      this.#current.encode(parameters, parameters.length);
    }
    return this.#current;
  }

  /** The broadcast of the first `length` parameters of `step`, which is the next step. */
  part(step: number, parameters: Float32Array, length: number): Broadcast {
    this.#next ??= this.#create(step);
    this.#next.encode(parameters, length);
    return this.#next;
  }

  /** Drops the broadcast of the next step's parameters: they were wrong. */
  rollBack(): void {
    this.#next?.end();
    this.#next = undefined;
  }
}
