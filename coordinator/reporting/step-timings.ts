import { type ProcessUsage, processUsage } from '../../shared/host/process-usage.ts';
import type { StepRecord } from '../training/ledger.ts';
import type { StepTimes } from '../training/train.ts';
import type { PoolCounters } from './pool-events.ts';

/** The number of steps that are kept. */
const STEPS_KEPT = 4096;
/** One answer of `GET /api/steps`. A step has some 300 bytes, and 300 more for each share. */
const PAGE_BYTES_MAX = 256 * 1024;

/** Where the time of one step went. For `GET /api/steps` and `lockstep speedup`. */
export interface StepTiming
  extends Pick<
      StepRecord,
      'step' | 'epoch' | 'examples' | 'worldSize' | 'milliseconds' | 'fingerprint' | 'chain'
    >,
    StepTimes {
  /**
   * The coordinator's usage since its start, at the time it recorded the step. A step is recorded
   * after the next one has begun.
   */
  readonly coordinator: ProcessUsage & SentAndReceived;
}

/** The bytes of all frames since the start. */
export type SentAndReceived = Pick<PoolCounters, 'sentBytes' | 'receivedBytes'>;

export interface StepPage {
  readonly steps: readonly StepTiming[];
  /** Whether more steps follow these. */
  readonly isMore: boolean;
}

/** The newest steps. */
export interface StepTimings {
  record(record: StepRecord, times: StepTimes, bytes: SentAndReceived): StepTiming;
  /**
   * The first steps after `step`, as the JSON text of a {@link StepPage}: as many as fit into 256
   * KiB, and at least one, if there is one.
   */
  pageAfter(step: number): string;
}

export function createStepTimings(): StepTimings {
  /** Each step is serialized once, when it is asked for first. */
  const kept: { readonly timing: StepTiming; json?: string }[] = [];
  const jsonOf = (each: (typeof kept)[number]): string => {
    each.json ??= JSON.stringify(each.timing);
    return each.json;
  };
  return {
    record(record, times, { sentBytes, receivedBytes }) {
      const { step, epoch, examples, worldSize, milliseconds, fingerprint, chain } = record;
      const stepTiming: StepTiming = {
        step,
        epoch,
        examples,
        worldSize,
        milliseconds,
        fingerprint,
        chain,
        ...times,
        coordinator: { ...processUsage(), sentBytes, receivedBytes },
      };
      kept.push({ timing: stepTiming });
      if (kept.length > STEPS_KEPT) kept.shift();
      return stepTiming;
    },
    pageAfter(step) {
      const page: string[] = [];
      let bytes = 0;
      let i = firstAfter(kept, step);
      for (; i < kept.length; i++) {
        const json = jsonOf(kept[i]);
        bytes += json.length + 1;
        if (page.length > 0 && bytes > PAGE_BYTES_MAX) break;
        page.push(json);
      }
      return `{"steps":[${page.join()}],"isMore":${i < kept.length}}`;
    },
  };
}

/** The index of the first timing after `step`. The timings are in order. */
function firstAfter(kept: readonly { readonly timing: StepTiming }[], step: number): number {
  let [from, to] = [0, kept.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (kept[middle].timing.step > step) to = middle;
    else from = middle + 1;
  }
  return from;
}
