import { ProtocolError } from '../shared/errors.ts';
import { type IncompleteVector, isWhole, placeChunk } from '../shared/protocol/chunks.ts';

/** The parameters that shares are computed with. */
export interface Parameters {
  /** The number of updates that led to them. */
  readonly step: number;
  readonly values: Float32Array;
}

/*
 * Two vectors of all parameters. One holds the parameters in use, the other one takes the next
 * parameters, chunk by chunk. They change places when the last chunk is here:
 *
 *   in use    ████████████████  step 7
 *   incoming  ██████░░░░░░░░░░  step 8, as far as it is here
 *
 * The next parameters may begin to arrive while the last sum of this step is still being sent, so
 * the present ones stay valid until then. Chunks that begin again at offset 0 replace those before.
 */

export interface ParameterInboxOptions {
  readonly parameterCount: number;
  /** How many of the first values arrive as bfloat16. */
  readonly bfloat16Length: number;
  readonly allocate: (length: number) => Float32Array;
  readonly unpackBfloat16: (values: Float32Array) => void;
}

/** Receives the parameters of one step after the other. */
export class ParameterInbox {
  readonly #unpackBfloat16: (values: Float32Array) => void;
  #current: Parameters | undefined;
  #spare: Float32Array;
  #incoming: IncompleteVector;
  /** The step of the incoming parameters, and when their first chunk came. */
  #arriving: { readonly step: number; readonly since: number } | undefined;
  /** When the first chunk of the present parameters came, until a share has asked for it. */
  #currentSince: number | undefined;

  constructor(options: ParameterInboxOptions) {
    const { parameterCount, bfloat16Length, allocate, unpackBfloat16 } = options;
    this.#unpackBfloat16 = unpackBfloat16;
    this.#spare = allocate(parameterCount);
    this.#incoming = { vector: allocate(parameterCount), bfloat16Length, received: 0 };
  }

  /** The newest whole parameters; undefined before the first ones. */
  get current(): Parameters | undefined {
    return this.#current;
  }

  /** Parameters that are all 0, until the first ones arrive. */
  get zeros(): Float32Array {
    return this.#spare;
  }

  /** Takes a chunk. Throws a `ProtocolError` if it is not the next one of its step. */
  receive(step: number, offset: number, payload: Uint8Array, now: number): void {
    const incoming = this.#incoming;
    if (offset === 0) {
      incoming.received = 0;
      this.#arriving = { step, since: now };
    }
    if (this.#arriving?.step !== step) {
      throw new ProtocolError(
        `parameters of step ${step} from byte ${offset} on, in the middle of those of step ` +
          `${this.#arriving?.step ?? 'none'}`,
      );
    }
    placeChunk(incoming, offset, payload, this.#unpackBfloat16);
    if (!isWhole(incoming)) return;
    this.#currentSince = this.#arriving.since;
    this.#arriving = undefined;
    const freed = this.#current?.values ?? this.#spare;
    this.#current = { step, values: incoming.vector };
    this.#incoming = { ...incoming, vector: freed, received: 0 };
  }

  /** How long the present parameters took to arrive; 0 if this was asked before. */
  takeReceiveMs(now: number): number {
    const receiveMs = now - (this.#currentSince ?? now);
    this.#currentSince = undefined;
    return receiveMs;
  }
}
