import { COORDINATOR_COLOR, PART_COLORS, RANK_COLORS } from '../../model/palette.ts';
import { ofOneScheme } from './one-scheme.ts';

/** Whether the page is dark: as the user has chosen, else as the system says. Paper is not. */
export function isDark(): boolean {
  const { theme, printing } = document.documentElement.dataset;
  if (printing !== undefined) return false;
  return theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

/** The color of a rank; null: the coordinator's. */
export function colorOf(rank: number | null): string {
  const scheme = isDark() ? 'dark' : 'light';
  if (rank === null || rank < 0) return COORDINATOR_COLOR[scheme];
  const colors = RANK_COLORS[scheme];
  return colors[rank % colors.length];
}

/** The color of a part of a step, by its place in `STEP_PARTS`. */
export const partColor = (part: number): string => PART_COLORS[isDark() ? 'dark' : 'light'][part];

/** The value of a color of the style sheet, such as `--ink`. */
export function styleColor(name: string): string {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return ofOneScheme(value, isDark());
}
