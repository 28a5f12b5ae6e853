/*
 * What happened in a run, for people: workers that came and went, late shares, checkpoints.
 *
 * A slow worker is late in every step. So an incident that follows one of the same kind within a
 * few seconds, with a message that differs in numbers only, is counted with it. The rank at its
 * beginning must be the same, because two workers that are lost at once are two incidents.
 *
 * Late shares would hide who was killed. So those that follow one another within a minute are one
 * incident, whoever was late and with what. The same holds for shares that are computed again.
 *
 * When there are too many incidents, the oldest of the most frequent kind go. So a slow worker does
 * not push out the few incidents that explain it.
 */

/** Something that happened in a run. */
export interface Incident {
  /** From 0, in order. */
  readonly id: number;
  /** Grows with each change of any incident. */
  readonly revision: number;
  /** The last time, in ms since 1970. */
  readonly time: number;
  /** The number of updates at that time. */
  readonly step: number;
  readonly kind: string;
  /** One sentence, for people: the last one. */
  readonly message: string;
  /** How often it happened in a row. */
  readonly count: number;
  /** The first time in this row, and the number of updates then. */
  readonly firstTime: number;
  readonly firstStep: number;
  /** The first message in this row, if it happened again. */
  readonly firstMessage?: string;
}

/** What is added to a log: one incident, or several of one text in a row. */
export interface IncidentNews extends Pick<Incident, 'time' | 'step' | 'kind' | 'message'> {
  /** How often it happened; by default once. */
  readonly count?: number | undefined;
  /** When it happened for the first time, if that is not `time`. */
  readonly since?: number | undefined;
}
/** How often each kind happened since the start, those that are not kept included. */
export type IncidentCounts = Readonly<Record<string, number>>;

export interface IncidentLog {
  add(incident: IncidentNews): void;
  /** Adds the incidents of another log, which are later, as they are. */
  include(later: IncidentLog): void;
  /** Those that are new or have changed since a revision, oldest first. */
  after(revision: number): Incident[];
  /** The number of the last change; 0 before the first one. */
  readonly revision: number;
  readonly counts: IncidentCounts;
}

const KEPT = 1000;
/** Incidents of one text are one incident if less than this time lies between them. */
export const SAME_INCIDENT_MS = 5000;
const SAME_SHARES_MS = 60_000;
/** Kinds that are about shares. They happen often when a worker is slow. */
const OF_SHARES: readonly string[] = ['late', 'reassigned'];

export function createIncidentLog(): IncidentLog {
  let kept: Incident[] = [];
  const lastByText = new Map<string, number>();
  let revision = 0;
  let nextId = 0;
  let counts: IncidentCounts = {};
  return {
    add({ time, step, kind, message, count = 1, since = time }) {
      revision++;
      counts = { ...counts, [kind]: (counts[kind] ?? 0) + count };
      const text = incidentText({ kind, message });
      const gapMs = OF_SHARES.includes(kind) ? SAME_SHARES_MS : SAME_INCIDENT_MS;
      const index = kept.findLastIndex(({ id }) => id === lastByText.get(text));
      const last = kept[index];
      if (last && since - last.time < gapMs) {
        const firstMessage = last.firstMessage ?? last.message;
        const sum = last.count + count;
        kept[index] = { ...last, revision, time, step, message, firstMessage, count: sum };
        return;
      }
      lastByText.set(text, nextId);
      const first = { firstTime: since, firstStep: step };
      kept.push({ id: nextId++, revision, time, step, kind, message, count, ...first });
      kept = keepIncidents(kept, KEPT);
      if (lastByText.size > KEPT) lastByText.clear();
    },
    include(later) {
      for (const incident of later.after(0))
        kept.push({ ...incident, id: nextId++, revision: ++revision });
      kept = keepIncidents(kept, KEPT);
      for (const [kind, count] of Object.entries(later.counts))
        counts = { ...counts, [kind]: (counts[kind] ?? 0) + count };
      lastByText.clear();
      for (const incident of kept) lastByText.set(incidentText(incident), incident.id);
    },
    after: (since) => kept.filter((incident) => incident.revision > since),
    get revision() {
      return revision;
    },
    get counts() {
      return counts;
    },
  };
}

/** An incident as it was when it happened for the first time. */
export function asItBegan(incident: Incident): Incident {
  const { message, firstTime, firstStep, firstMessage = message } = incident;
  return { ...incident, time: firstTime, step: firstStep, message: firstMessage, count: 1 };
}

/** The same for incidents that are counted together. */
export function incidentText({ kind, message }: Pick<Incident, 'kind' | 'message'>): string {
  if (OF_SHARES.includes(kind)) return kind;
  const numbers = /^(rank \d+)|\d+(?:\.\d+)?/g;
  return `${kind} ${message.replace(numbers, (_, rank?: string) => rank ?? '#')}`;
}

/** At most `most` incidents, oldest first, without the oldest ones of the most frequent kind. */
export function keepIncidents(incidents: Incident[], most: number): Incident[] {
  let kept = incidents;
  while (kept.length > most) {
    const counts = new Map<string, number>();
    for (const { kind } of kept) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const [frequent, count] = [...counts].sort(([, a], [, b]) => b - a)[0];
    let surplus = Math.ceil(count / 10);
    kept = kept.filter(({ kind }) => kind !== frequent || surplus-- <= 0);
  }
  return kept;
}
