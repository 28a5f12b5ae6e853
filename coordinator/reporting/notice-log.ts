import type { RunEvent } from './events.ts';

/*
 * Notices, and how many of them people see.
 *
 * The problem. One slow worker is late in every step, and a stranger may be refused all day. Such
 * notices must not push the others out of the status, nor out of a log.
 *
 * The rule. Notices are kept by kind, which is their code. Notices of one kind whose messages
 * differ in numbers only are one notice, with the newest message and a count. In a log, a kind that
 * may come often is one line every few seconds.
 */

/** The number of notices of a kind that are kept. */
const KEPT_PER_KIND = 10;

/** The kinds that may come often. */
const FREQUENT: readonly string[] = ['late', 'reassigned', 'unready'];

/** The shortest interval between two lines of a frequent kind. */
const LINE_INTERVAL_MS = 5_000;

type NoticeEvent = RunEvent & { event: 'notice' };

/** A notice in the status. */
export interface Notice {
  /** The last time, in ISO 8601. */
  readonly time: string;
  readonly code: string;
  /** The last message. */
  readonly message: string;
  /** How often it came. */
  readonly count: number;
}

/** Keeps the newest notices of a run. */
export interface NoticeLog {
  /** Adds the event if it is a notice. */
  observe(event: RunEvent): void;
  /** At most 10 of each kind, oldest first. */
  newest(): Notice[];
}

export function createNoticeLog(): NoticeLog {
  const kinds = new Map<string, Map<string, Notice>>();
  return {
    observe(event) {
      if (event.event !== 'notice') return;
      const { code, message } = event;
      const kind = kinds.get(code) ?? new Map<string, Notice>();
      kinds.set(code, kind);
      const key = message.replace(/\d+/g, '#');
      const count = (kind.get(key)?.count ?? 0) + 1;
      kind.delete(key);
      kind.set(key, { time: new Date().toISOString(), code, message, count });
      const [oldest] = kind.keys();
      if (kind.size > KEPT_PER_KIND) kind.delete(oldest);
    },
    newest() {
      const notices = [...kinds.values()].flatMap((kind) => [...kind.values()]);
      return notices.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    },
  };
}

/**
 * Returns a function that gives the line for a notice, or undefined if it is one of many. The next
 * line of its kind then says how many were left out.
 */
export function createNoticeLines(now: () => number): (notice: NoticeEvent) => string | undefined {
  const kinds = new Map<string, { printedAt: number; leftOut: number }>();
  return ({ code, message }) => {
    if (!FREQUENT.includes(code)) return message;
    const kind = kinds.get(code);
    if (kind && now() - kind.printedAt < LINE_INTERVAL_MS) {
      kind.leftOut++;
      return undefined;
    }
    kinds.set(code, { printedAt: now(), leftOut: 0 });
    return kind?.leftOut ? `${message} (and ${kind.leftOut} more like it before)` : message;
  };
}
