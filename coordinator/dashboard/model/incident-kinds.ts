import type { Incident, IncidentCounts } from './incident-log.ts';

/** The kinds of incidents that people choose from, in addition to all of them. */
export const INCIDENT_GROUPS = ['faults', 'workers', 'checkpoints', 'other'] as const;
export type IncidentGroup = (typeof INCIDENT_GROUPS)[number];

const GROUPS: Readonly<Record<string, readonly IncidentGroup[]>> = {
  joined: ['workers'],
  left: ['workers'],
  lost: ['faults', 'workers'],
  expelled: ['faults', 'workers'],
  restart: ['faults', 'workers'],
  refused: ['workers'],
  unready: ['faults', 'workers'],
  crowded: ['workers'],
  workers: ['workers'],
  late: ['faults'],
  reassigned: ['faults'],
  waiting: ['faults'],
  audit: ['faults'],
  fault: ['faults'],
  failed: ['faults'],
  checkpoint: ['checkpoints'],
};
const OTHER: readonly IncidentGroup[] = ['other'];

export const groupsOf = (kind: string): readonly IncidentGroup[] => GROUPS[kind] ?? OTHER;

/** The number of updates when the newest of the coordinators has begun. */
export const newestStart = (incidents: readonly Incident[]): number =>
  incidents.findLast(({ kind }) => kind === 'start')?.step ?? 0;

/** The number of incidents of a group since the start. */
export function countOf(group: IncidentGroup, counts: IncidentCounts): number {
  return Object.entries(counts).reduce(
    (sum, [kind, count]) => sum + (groupsOf(kind).includes(group) ? count : 0),
    0,
  );
}

/**
 * The marks of incidents on the axis of steps. Each has a row, a shape and a color of its own.
 * Incidents of other kinds have none.
 */
export const INCIDENT_MARKS = ['joined', 'left', 'lost', 'late', 'audit', 'by hand'] as const;
export type IncidentMark = (typeof INCIDENT_MARKS)[number];

const MARKS: Readonly<Record<string, IncidentMark>> = {
  joined: 'joined',
  left: 'left',
  lost: 'lost',
  expelled: 'audit',
  late: 'late',
  control: 'by hand',
};

export const markOf = ({ kind }: Pick<Incident, 'kind'>): IncidentMark | undefined => MARKS[kind];
