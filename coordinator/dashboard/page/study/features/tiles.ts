import type { Shape } from '../../../../../shared/engine/layers/layer-plan.ts';

/** Pictures of one size beside and below each other. */
export interface TileLayout {
  readonly columns: number;
  readonly count: number;
  /** The size of a picture, in CSS pixels. */
  readonly width: number;
  readonly height: number;
}

const GAP = 4;
const SIDE = 34;

/** Whole screen pixels per value, as many as fit. Large pictures are made smaller. */
export function tileLayout(
  count: number,
  shape: Pick<Shape, 'width' | 'height'>,
  room: number,
): TileLayout {
  const side = Math.max(shape.width, shape.height);
  const scale = side > SIDE ? SIDE / side : Math.floor(SIDE / side);
  const [width, height] = [shape.width * scale, shape.height * scale];
  return { columns: Math.max(1, Math.floor((room + GAP) / (width + GAP))), count, width, height };
}

export const tilesHeight = ({ columns, count, height }: TileLayout): number =>
  Math.max(1, Math.ceil(count / columns) * (height + GAP));

/** Where a tile is. */
export function tilePlace({ columns, width, height }: TileLayout, tile: number) {
  const [column, row] = [tile % columns, Math.floor(tile / columns)];
  return [column * (width + GAP), row * (height + GAP), width, height] as const;
}

/** The tile at a place; undefined beside all tiles. */
export function tileAt(layout: TileLayout, x: number, y: number): number | undefined {
  const column = Math.floor(x / (layout.width + GAP));
  const tile = Math.floor(y / (layout.height + GAP)) * layout.columns + column;
  return column < layout.columns && tile >= 0 && tile < layout.count ? tile : undefined;
}

/** The tile that an arrow key leads to. */
export function tileBeside(
  { columns, count }: TileLayout,
  tile: number | undefined,
  arrow: string,
): number | undefined {
  if (tile === undefined) return count > 0 ? 0 : undefined;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[arrow] ?? 0;
  const next = tile + by;
  return next >= 0 && next < count ? next : tile;
}
