import * as z from 'zod';
import { RunConfig } from '../run-config.ts';
import { ROUND_KINDS } from '../workload.ts';
import { ERROR_LENGTH_MAX, NAME_LENGTH_MAX, NUMERICS_MAX } from './limits.ts';

const count = z.int().nonnegative();
const name = z.string().min(1).max(NAME_LENGTH_MAX);
const errorMessage = z.strictObject({
  type: z.literal('error'),
  code: z.string().max(NAME_LENGTH_MAX),
  message: z.string().max(ERROR_LENGTH_MAX),
});

/** How a worker spent the time of a share, in ms, and what its process has used since its start. */
export const ShareTiming = z.strictObject({
  /** When it came, by the worker's clock, which counts from wherever it likes. */
  startedAt: z.number(),
  /** From the first of the parameters that it is to be computed with until then; 0 if they were there before. */
  receiveMs: z.number().nonnegative(),
  /** Forward and backward passes and sums; pauses to answer pings included. */
  computeMs: z.number().nonnegative(),
  /** Encoding sums and handing them to the socket, but for the last chunk. */
  sendMs: z.number().nonnegative(),
  /** CPU time of the process. */
  cpuMs: z.number().nonnegative(),
  /** How long its container was stopped by a CPU quota. */
  throttledMs: z.number().nonnegative(),
});
export type ShareTiming = z.infer<typeof ShareTiming>;

/** The first message on a connection. Unknown keys are ignored, so that any version can read any version's hello. */
export const Hello = z.object({
  type: z.literal('hello'),
  protocolVersion: count,
  name,
  /** Process id; absent where there is none, as in a browser. */
  pid: count.optional(),
  /** The numeric profiles that it can keep; see `engine/kernels.ts`. */
  numerics: z.array(z.string().max(NAME_LENGTH_MAX)).max(NUMERICS_MAX).optional(),
  /** The shared secret, where the coordinator asks for one. */
  token: z.string().max(NAME_LENGTH_MAX).optional(),
});
export type Hello = z.infer<typeof Hello>;

/** What a worker says. */
export const WorkerMessage = z.discriminatedUnion('type', [
  Hello,
  /** It has the dataset and is ready for a share. */
  z.strictObject({ type: z.literal('ready'), parameterCount: count }),
  /** A chunk of the sum over tree node [lo, hi) of a round; payload: its bytes from `offset` on. In order. */
  z.strictObject({
    type: z.literal('partial-sum'),
    kind: z.enum(ROUND_KINDS),
    step: count,
    lo: count,
    hi: count,
    offset: count,
    /** On the last chunk of a share. */
    timing: ShareTiming.optional(),
  }),
  /** `now`: by the worker's clock. */
  z.strictObject({ type: z.literal('pong'), sentAt: z.number(), now: z.number() }),
  /** It takes no more shares, and waits for `goodbye` once it owes nothing. */
  z.strictObject({ type: z.literal('leaving') }),
  errorMessage,
]);
export type WorkerMessage = z.infer<typeof WorkerMessage>;

/** What the coordinator says. */
export const CoordinatorMessage = z.discriminatedUnion('type', [
  /** The hello is accepted. Get the dataset (by digest), then say `ready`. */
  z.strictObject({ type: z.literal('welcome'), rank: count, config: RunConfig }),
  /** A chunk of the parameters after `step` updates; payload: their bytes from `offset` on. In order. */
  z.strictObject({ type: z.literal('parameters'), step: count, offset: count }),
  /** Compute the micro-batches [lo, hi) of a round with the parameters sent last, which are those of `step`. */
  z.strictObject({
    type: z.literal('share'),
    kind: z.enum(ROUND_KINDS),
    step: count,
    lo: count,
    hi: count,
  }),
  /** Answer with a `pong` of the same `sentAt`. */
  z.strictObject({ type: z.literal('ping'), sentAt: z.number() }),
  /** Nothing more to do: the run is finished, or the worker asked to leave. The worker closes. */
  z.strictObject({ type: z.literal('goodbye'), reason: z.enum(['finished', 'drained']) }),
  errorMessage,
]);
export type CoordinatorMessage = z.infer<typeof CoordinatorMessage>;

/** The messages that carry parts of vectors; all others have no payload. */
export const MESSAGES_WITH_PAYLOAD: ReadonlySet<string> = new Set(['partial-sum', 'parameters']);
