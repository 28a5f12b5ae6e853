import type { HistoryRow } from './unit-history.ts';
import type { UnitState } from './unit-states.ts';

/** A unit, by its layer's place and its own. */
export interface UnitPlace {
  readonly layer: number;
  readonly unit: number;
}

/** Where the strips are: per layer a title, a row per step, and the newest row, which is higher. */
export interface StripLayout {
  readonly rowHeight: number;
  readonly rows: number;
  readonly units: readonly number[];
}

export const LEFT = 56;
export const TITLE = 20;
export const NEWEST = 16;
const GAP = 12;
/** So many layers have room for higher rows. */
const FEW = 4;

export const stripLayout = (rows: readonly HistoryRow[]): StripLayout => {
  const layers = rows.at(-1)?.layers ?? [];
  return {
    rowHeight: layers.length <= FEW ? 4 : 2,
    rows: Math.max(0, rows.length - 1),
    units: layers.map(({ parts }) => parts.length),
  };
};

export const blockHeight = ({ rowHeight, rows }: StripLayout): number =>
  TITLE + rowHeight * rows + NEWEST + GAP;

export const stripsHeight = (layout: StripLayout): number =>
  Math.max(1, layout.units.length * blockHeight(layout));

/** The unit at a place. Undefined beside the strips. */
export function unitAt(
  layout: StripLayout,
  x: number,
  y: number,
  width: number,
): UnitPlace | undefined {
  const layer = Math.floor(y / blockHeight(layout));
  const count = layout.units[layer];
  const unit = Math.floor(((x - LEFT) / (width - LEFT)) * count);
  return unit >= 0 && unit < count ? { layer, unit } : undefined;
}

/** The unit that an arrow key leads to. */
export function unitBeside(
  { units }: StripLayout,
  place: UnitPlace | undefined,
  arrow: string,
): UnitPlace | undefined {
  if (!place) return units.length > 0 ? { layer: 0, unit: 0 } : undefined;
  const { layer, unit } = place;
  const across = arrow === 'ArrowLeft' ? -1 : arrow === 'ArrowRight' ? 1 : 0;
  const down = arrow === 'ArrowUp' ? -1 : arrow === 'ArrowDown' ? 1 : 0;
  const count = units[layer + down];
  if (count === undefined) return place;
  const there = Math.floor(((unit + 0.5) * count) / units[layer]) + across;
  return { layer: layer + down, unit: Math.max(0, Math.min(count - 1, there)) };
}

/** The color of a state, and how strong it is. */
export function lookOf(state: UnitState, part: number): readonly [color: string, alpha: number] {
  switch (state) {
    case 'dead':
    case 'saturated':
      return ['--warning', 1];
    case 'rare':
    case 'often saturated':
      return ['--late', 0.8];
    case 'always':
      return ['--accent', 1];
    case 'usual':
      return ['--accent', 0.12 + 0.5 * part];
  }
}
