import type { Broadcast } from './broadcast.ts';

/** The broadcast of the current step's parameters, and that of the next step's, as far as they are known. */
export class StepBroadcasts {
  readonly #create: (step: number) => Broadcast;
  /** Kept for workers that come, or come to need it, while the step is under way. */
  #current: Broadcast | undefined;
  #next: Broadcast | undefined;

  constructor(create: (step: number) => Broadcast) {
    this.#create = create;
  }

  /** A round of `step` begins: what was sent ahead of it is its own; what is of another step is over. */
  begin(step: number): void {
    const known = [this.#current, this.#next].find((broadcast) => broadcast?.step === step);
    for (const broadcast of [this.#current, this.#next]) if (broadcast !== known) broadcast?.end();
    this.#current = known;
    this.#next = undefined;
  }

  /** All parameters of `step`, which has begun. */
  whole(step: number, parameters: Float32Array): Broadcast {
    if (!this.#current) {
      this.#current = this.#create(step);
      this.#current.encode(parameters, parameters.length);
    }
    return this.#current;
  }

  /** The parameters of `step`, the next one, of which the first `length` are known. */
  part(step: number, parameters: Float32Array, length: number): Broadcast {
    this.#next ??= this.#create(step);
    this.#next.encode(parameters, length);
    return this.#next;
  }

  /** What was known of the next step's parameters is no longer so. */
  takeBack(): void {
    this.#next?.end();
    this.#next = undefined;
  }
}
