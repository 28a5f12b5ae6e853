import * as z from 'zod';
import { printable } from '../../shared/printable.ts';
import { describeIssue } from '../../shared/validation.ts';
import { ControlError } from './control-error.ts';

/** How long a worker may be stalled. */
const STALL_MS_MIN = 10;
const STALL_MS_MAX = 60_000;
/** The highest rate of a random fault, per second. */
const RATE_MAX = 10;

const QUOTE_LENGTH_MAX = 100;

const rank = z.int().nonnegative();
const stallMs = z.int().min(STALL_MS_MIN).max(STALL_MS_MAX);
const rate = z.number().min(0).max(RATE_MAX).optional();

/** What people can ask for while a run trains. */
export const ControlRequest = z.discriminatedUnion('action', [
  /** Ends the run in order, with a checkpoint. */
  z.strictObject({ action: z.literal('stop') }),
  /** Ends a worker at once, without a goodbye. */
  z.strictObject({ action: z.literal('kill'), rank }),
  /** Makes a worker silent for a while. */
  z.strictObject({ action: z.literal('stall'), rank, milliseconds: stallMs }),
  /** Lets a worker finish its share and leave. */
  z.strictObject({ action: z.literal('leave'), rank }),
  /** Starts one more worker on this machine. */
  z.strictObject({ action: z.literal('start') }),
  /** Flips a bit in the next sum of a worker that counts, to show that an audit finds it. */
  z.strictObject({ action: z.literal('corrupt'), rank }),
  /** Sets the rates of random faults, per second. A field that is missing stays as it is. */
  z.strictObject({
    action: z.literal('chaos'),
    kill: rate,
    stall: rate,
    leave: rate,
    join: rate,
    stallMs: stallMs.optional(),
  }),
]);
export type ControlRequest = z.infer<typeof ControlRequest>;
export type ControlAction = ControlRequest['action'];

/** Reads a request from JSON. Throws a `ControlError` of status 400 that quotes what is wrong. */
export function parseControlRequest(json: string): ControlRequest {
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    const start = printable(json.slice(0, QUOTE_LENGTH_MAX));
    throw new ControlError(
      400,
      `${JSON.stringify(start)} is no JSON: send an object such as {"action":"kill","rank":2}`,
    );
  }
  const { success, data, error } = ControlRequest.safeParse(given);
  if (success) return data;
  throw new ControlError(400, describeIssue(error, given));
}
