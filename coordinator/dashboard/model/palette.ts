/** Colors for charts, on light and on dark paper. */
export interface Palette {
  readonly light: readonly string[];
  readonly dark: readonly string[];
}

/**
 * The colors of the workers, by rank, which color-blind people can tell apart. Source: Okabe and
 * Ito, "Color universal design", 2008. On white, yellow is darker than theirs. A color means the
 * same in every view.
 */
export const RANK_COLORS = {
  light: ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9', '#b5a300', '#7d5fb2'],
  dark: ['#4aa3df', '#f0b429', '#2cc197', '#e39ac4', '#ff8433', '#8fd0f7', '#f0e442', '#ab92db'],
} as const satisfies Palette;

export const COORDINATOR_COLOR = { light: '#8a8f98', dark: '#8b929c' };

/**
 * The colors of the parts of a step, in the order of `STEP_PARTS`. A hue is what limits the speed:
 * computing, waiting, exchanging, the coordinator's own work. They are no colors of ranks.
 */
export const PART_COLORS = {
  light: ['#41566f', '#cc6a61', '#17696b', '#55a5a3', '#a3d3cf', '#7a5c2e', '#b08d57', '#ddc9a3'],
  dark: ['#7389a8', '#f29389', '#2b8a8a', '#6fc0bd', '#b9e4e0', '#9a7640', '#cba76c', '#efdcb8'],
} as const satisfies Palette;
