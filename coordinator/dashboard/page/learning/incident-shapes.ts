import type { IncidentMark } from '../../model/incident-kinds.ts';

/** The color of each kind of incident, from the style sheet. */
export const MARK_COLORS: Readonly<Record<IncidentMark, string>> = {
  joined: '--good',
  left: '--quiet',
  lost: '--warning',
  late: '--late',
  audit: '--audit',
  'by hand': '--ink',
};

/** Its shape: a path around the origin, 10 pixels wide. */
export const MARK_SHAPES: Readonly<Record<IncidentMark, string>> = {
  joined: 'M0-5L5 4H-5Z',
  left: 'M0 5L5-4H-5Z',
  lost: 'M-5-3L-3-5L0-2L3-5L5-3L2 0L5 3L3 5L0 2L-3 5L-5 3L-2 0Z',
  late: 'M0-5L5 0L0 5L-5 0Z',
  audit: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z',
  'by hand': 'M-4-4H4V4H-4Z',
};
