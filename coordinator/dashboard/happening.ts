import type { DoneEvent, RunEvent, StartEvent } from '../reporting/events.ts';
import type { PoolEvent } from '../reporting/pool-events.ts';

/** What the dashboard needs of the events of a run, while it goes on or from its records. */
export type Happening =
  | Pick<StartEvent, 'event' | 'resumedFrom' | 'step'>
  | (PoolEvent & { readonly event: 'worker' })
  | {
      readonly event: 'notice';
      readonly code: string;
      readonly message: string;
      /** How often it came, and when for the first time, if it came several times in a row. */
      readonly count?: number | undefined;
      readonly since?: number | undefined;
    }
  | { readonly event: 'checkpoint'; readonly step: number }
  | (RunEvent & { readonly event: 'epoch' })
  | { readonly event: 'stopped'; readonly step: number }
  | Pick<
      DoneEvent,
      'event' | 'steps' | 'testAccuracy' | 'testErrors' | 'parametersSha256' | 'totalSeconds'
    >
  | { readonly event: 'error'; readonly message: string };

/** Undefined for events that the dashboard learns of in another way. */
export function happeningOf(event: RunEvent | Happening): Happening | undefined {
  switch (event.event) {
    case 'start':
    case 'worker':
    case 'notice':
    case 'checkpoint':
    case 'epoch':
    case 'stopped':
    case 'done':
    case 'error':
      return event;
    default:
      return undefined;
  }
}
