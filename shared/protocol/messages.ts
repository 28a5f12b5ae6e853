import * as z from 'zod';
import { printable } from '../printable.ts';
import { Challenge } from '../round/challenge.ts';
import { RunConfig } from '../round/run-config.ts';
import { ROUND_KINDS } from '../round/workload.ts';
import { ERROR_LENGTH_MAX, NAME_LENGTH_MAX, NUMERICS_MAX, RUNTIME_LENGTH_MAX } from './limits.ts';

const count = z.int().nonnegative();
/** Text that will be shown. */
const shown = (lengthMax: number) => z.string().max(lengthMax).transform(printable);
const errorMessage = z.strictObject({
  type: z.literal('error'),
  code: shown(NAME_LENGTH_MAX),
  message: shown(ERROR_LENGTH_MAX),
});

/** The times of a share in a worker, and the usage of the worker's process. All are in ms. */
export const ShareTiming = z.strictObject({
  /** When the share arrived, by the worker's clock. This clock may count from any moment. */
  startedAt: z.number(),
  /** From the first chunk of the parameters to `startedAt`; 0 if an earlier share has used them. */
  receiveMs: z.number().nonnegative(),
  /** The forward and backward passes and the additions, with the pauses to answer pings. */
  computeMs: z.number().nonnegative(),
  /** The encoding of sums and their handing over to the socket, except for the last chunk. */
  sendMs: z.number().nonnegative(),
  /** The CPU time of the process since its start. */
  cpuMs: z.number().nonnegative(),
  /** How long a CPU quota has stopped the process's container, since the container's start. */
  throttledMs: z.number().nonnegative(),
});
export type ShareTiming = z.infer<typeof ShareTiming>;

/**
 * The first message on a connection. Unknown keys are ignored, so every version can read the hello
 * of every other version.
 */
export const Hello = z.object({
  type: z.literal('hello'),
  protocolVersion: count,
  name: z.string().min(1).max(NAME_LENGTH_MAX).transform(printable),
  /** The process id. Absent if there is none, as in a browser. */
  pid: count.optional(),
  /** The numerics that the worker can compute; see `engine/kernels.ts`. */
  numerics: z.array(shown(NAME_LENGTH_MAX)).max(NUMERICS_MAX).optional(),
  /** The threads that compute a share together, for people. */
  threads: z.int().positive().optional(),
  /** What the worker runs in, for people: `node`, or `browser` and the browser's name. */
  runtime: shown(RUNTIME_LENGTH_MAX).optional(),
  /** What an earlier `welcome` of this coordinator gave the worker. */
  identity: z.string().max(NAME_LENGTH_MAX).optional(),
  /** The shared secret, if the coordinator requires one. */
  token: z.string().max(NAME_LENGTH_MAX).optional(),
});
export type Hello = z.infer<typeof Hello>;

/** The messages from a worker to its coordinator. */
export const WorkerMessage = z.discriminatedUnion('type', [
  Hello,
  /** The worker has the dataset and is ready for a share. The payload answers the challenge. */
  z.strictObject({ type: z.literal('ready'), parameterCount: count }),
  /**
   * A chunk of the sum over the tree node [lo, hi) of a round. The payload is the sum's bytes from
   * `offset` on. Chunks are sent in order.
   */
  z.strictObject({
    type: z.literal('partial-sum'),
    kind: z.enum(ROUND_KINDS),
    step: count,
    lo: count,
    hi: count,
    offset: count,
    /** Only on the last chunk of a share. */
    timing: ShareTiming.optional(),
  }),
  /** Answers a `ping` with the same `sentAt`. `now` is the time of the worker's clock. */
  z.strictObject({
    type: z.literal('pong'),
    sentAt: z.number(),
    now: z.number(),
    /** Only of a browser's tab, for people: browsers slow hidden tabs down. */
    isHidden: z.boolean().optional(),
  }),
  /** The worker takes no more shares. It finishes its share, if any, and waits for `goodbye`. */
  z.strictObject({ type: z.literal('leaving') }),
  errorMessage,
]);
export type WorkerMessage = z.infer<typeof WorkerMessage>;

/** The messages from the coordinator to a worker. */
export const CoordinatorMessage = z.discriminatedUnion('type', [
  /** Accepts the hello. The worker gets the dataset, by digest, and then says `ready`. */
  z.strictObject({
    type: z.literal('welcome'),
    rank: count,
    /** A secret by which the coordinator knows the worker again, if it comes back. */
    identity: z.string().max(NAME_LENGTH_MAX),
    config: RunConfig,
    /** What the worker computes to show that its bits are right. */
    challenge: Challenge,
  }),
  /** The answer to the challenge is right. The worker takes part from now on. */
  z.strictObject({ type: z.literal('accepted') }),
  /**
   * A chunk of the parameters after `step` updates. The payload is their bytes from `offset` on.
   * Chunks are sent in order.
   */
  z.strictObject({ type: z.literal('parameters'), step: count, offset: count }),
  /**
   * Asks for the sums of the leaves [lo, hi) of a round. The worker computes them with the
   * parameters that were whole last. They are those of `step`.
   */
  z.strictObject({
    type: z.literal('share'),
    kind: z.enum(ROUND_KINDS),
    step: count,
    lo: count,
    hi: count,
  }),
  /** Asks for a `pong` with the same `sentAt`. */
  z.strictObject({ type: z.literal('ping'), sentAt: z.number() }),
  /**
   * The run is finished, or the worker has asked to leave or is to leave. The worker closes the
   * connection, and does not come back.
   */
  z.strictObject({ type: z.literal('goodbye'), reason: z.enum(['finished', 'drained']) }),
  errorMessage,
]);
export type CoordinatorMessage = z.infer<typeof CoordinatorMessage>;

/** The messages whose payload is a vector or a part of one. All other messages have no payload. */
export const MESSAGES_WITH_PAYLOAD: ReadonlySet<string> = new Set([
  'ready',
  'partial-sum',
  'parameters',
]);
