import type { EventLine, StepTotals } from './event-line.ts';
import type { Happening } from './happening.ts';
import { incidentText, SAME_INCIDENT_MS } from './model/incident-log.ts';
import type { Moment, RunFacts } from './model/run-view.ts';

/*
 * What goes into `events.jsonl`, so that the dashboard can show the run again.
 *
 * The problem. A run may last for weeks. A slow worker is late in every step, and a step in detail
 * has kilobytes. And the file must stay small beside `metrics.jsonl`.
 *
 * The rule. There is a moment about once a second, or less often if it is long: 8 kB/s on average.
 * The interval doubles with each 4 MiB that the file has. Notices of the same text, except for
 * numbers, that follow each other within a second are one line per interval, with a count. What is
 * about workers, checkpoints and the end is written at once: there is little of it.
 */

const INTERVAL_MS = 1000;
/** A moment may have so many bytes per millisecond since the last one. */
const BYTES_PER_MS = 8;
const DOUBLING_BYTES = 4 * 2 ** 20;
/** Lines that wait for the run's folder, and texts of notices that are remembered. */
const WAITING_MAX = 1000;

const ENDS: readonly string[] = ['stopped', 'done', 'error'];

type NoticeHappening = Happening & { readonly event: 'notice' };

/** Notices of one text in a row. */
interface NoticeRow {
  /** The newest one. */
  line: EventLine & { readonly event: 'notice' };
  /** Those that are not written yet: how many, and when the first one came. */
  count: number;
  since: number;
  writtenAt: number;
}

export interface RunJournal {
  /** `time`: in ms since 1970. `step`: the number of updates. */
  observe(happening: Happening, time: number, step: number): void;
  /** Whether it is time for a moment. `now`: by any clock in ms that never goes back. */
  isMomentDue(now: number): boolean;
  addMoment(moment: Moment, totals: StepTotals | null, now: number): void;
  /**
   * From now on, lines go to a file, which has so many bytes already. Those of before go there at
   * once.
   */
  writeTo(append: (line: EventLine) => void, fileBytes: number): void;
  /** Writes what was only counted so far. Nothing is written after that. */
  close(): void;
}

/** What a journal writes about the beginning of a coordinator. */
export type JournalFacts = RunFacts & { readonly continuation?: string[] | undefined };

export function createRunJournal(facts: () => JournalFacts): RunJournal {
  let append: ((line: EventLine) => void) | undefined;
  const waiting: EventLine[] = [];
  let bytes = 0;
  let nextMomentAt = Number.NEGATIVE_INFINITY;

  const intervalMs = () => INTERVAL_MS * 2 ** Math.floor(bytes / DOUBLING_BYTES);

  function write(line: EventLine): void {
    bytes += JSON.stringify(line).length;
    if (append) append(line);
    // What happens before the folder is open belongs to this coordinator, which begins there.
    else if (line.event === 'start') waiting.unshift(line);
    else if (waiting.length < WAITING_MAX) waiting.push(line);
  }

  const notices = createNoticeRows(write, intervalMs);
  return {
    observe(happening, time, step) {
      if (happening.event === 'notice') return notices.add(happening, time, step);
      const line = lineOf(happening, time, step, facts);
      if (!line) return;
      if (ENDS.includes(line.event)) notices.flush();
      write(line);
    },
    isMomentDue: (now) => now >= nextMomentAt,
    addMoment(moment, totals, now) {
      notices.flush();
      const before = bytes;
      write({ ...moment, event: 'moment', totals });
      const leastMs = (bytes - before) / BYTES_PER_MS;
      nextMomentAt = now + Math.max(intervalMs(), leastMs);
    },
    writeTo(to, fileBytes) {
      append = to;
      bytes = fileBytes;
      for (const line of waiting.splice(0)) write(line);
    },
    close() {
      notices.flush();
      append = () => {};
    },
  };
}

/** Writes notices. Those of one text in a row are one line per interval. */
function createNoticeRows(write: (line: EventLine) => void, intervalMs: () => number) {
  const rows = new Map<string, NoticeRow>();

  function writeRow(row: NoticeRow): void {
    const { line, count, since } = row;
    if (count === 0) return;
    write(count === 1 ? line : { ...line, count, since });
    row.count = 0;
    row.writtenAt = line.time;
  }

  function flush(): void {
    for (const row of rows.values()) writeRow(row);
  }

  return {
    flush,
    add({ code, message }: NoticeHappening, time: number, step: number): void {
      const text = incidentText({ kind: code, message });
      const line = { time, step, event: 'notice', code, message } as const;
      const row = rows.get(text);
      if (row && time - row.line.time < SAME_INCIDENT_MS) {
        row.line = line;
        if (row.count === 0) row.since = time;
        row.count++;
        if (time - row.writtenAt >= intervalMs()) writeRow(row);
        return;
      }
      if (row) writeRow(row);
      if (rows.size >= WAITING_MAX) {
        flush();
        rows.clear();
      }
      write(line);
      rows.set(text, { line, count: 0, since: time, writtenAt: time });
    },
  };
}

/** Undefined if other records have it. */
function lineOf(
  happening: Exclude<Happening, { event: 'notice' }>,
  time: number,
  step: number,
  facts: () => JournalFacts,
): EventLine | undefined {
  const at = { time, step };
  switch (happening.event) {
    case 'epoch':
      return undefined;
    case 'start': {
      const { stepCount, stepsPerEpoch, trainingExamples, testExamples } = facts();
      const { auditFraction, hasCluster, continuation } = facts();
      const known = { stepCount, stepsPerEpoch, trainingExamples, testExamples };
      const { resumedFrom } = happening;
      const more = { auditFraction, hasCluster, ...(continuation && { continuation }) };
      return { ...at, event: 'start', resumedFrom, ...known, ...more };
    }
    case 'worker':
      return { ...at, ...happening };
    case 'checkpoint':
      return { ...at, event: 'checkpoint', saved: happening.step };
    case 'stopped':
      return { ...at, event: 'stopped' };
    case 'done': {
      const { steps: _, ...end } = happening;
      return { ...at, ...end };
    }
    case 'error':
      return { ...at, event: 'error', message: happening.message };
  }
}
