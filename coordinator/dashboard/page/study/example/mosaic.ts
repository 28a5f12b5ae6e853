import type { Shape } from '../../../../../shared/engine/layers/layer-plan.ts';
import type { Rect } from '../../drawing/rect.ts';

/** In pixels, or in cells. */
export type Place = readonly [x: number, y: number];

/** How the values of a layer lie in a picture: a map for each channel, the maps in a grid. */
export interface Mosaic {
  readonly shape: Shape;
  /** The maps beside each other. */
  readonly columns: number;
  /** The distance from one map to the next, in cells. A cell is one value. */
  readonly pitchX: number;
  readonly pitchY: number;
  /** In cells. */
  readonly width: number;
  readonly height: number;
}

/** So many units or fewer stand in one column. */
const STANDING_MAX = 12;

/** A vector is a compact grid of its units, or one column if it is short. */
export function mosaicOf(shape: Shape): Mosaic {
  const { width, height, channels } = shape;
  const isVector = width * height === 1;
  const gap = isVector ? 0 : 1;
  const columns = isVector && channels <= STANDING_MAX ? 1 : Math.ceil(Math.sqrt(channels));
  const rows = Math.ceil(channels / columns);
  const [pitchX, pitchY] = [width + gap, height + gap];
  const size = { width: columns * pitchX - gap, height: rows * pitchY - gap };
  return { shape, columns, pitchX, pitchY, ...size };
}

/** The cell of a value, in cells from the top left. */
export function cellOf({ shape, columns, pitchX, pitchY }: Mosaic, unit: number): Place {
  const { width, channels } = shape;
  const [channel, position] = [unit % channels, Math.floor(unit / channels)];
  return [
    (channel % columns) * pitchX + (position % width),
    Math.floor(channel / columns) * pitchY + Math.floor(position / width),
  ];
}

/** The value at a cell; undefined between the maps and outside. */
export function unitAt({ shape, columns, pitchX, pitchY }: Mosaic, [x, y]: Place) {
  const { width, height, channels } = shape;
  const [mapX, mapY] = [Math.floor(x / pitchX), Math.floor(y / pitchY)];
  const [column, row] = [Math.floor(x) - mapX * pitchX, Math.floor(y) - mapY * pitchY];
  const channel = mapY * columns + mapX;
  const isInside = x >= 0 && y >= 0 && column < width && row < height;
  if (!isInside || mapX >= columns || channel >= channels) return undefined;
  return (row * width + column) * channels + channel;
}

/** The largest place for a mosaic in the middle of some room. Its cells are squares. */
export function placeMosaic(
  { width, height }: Mosaic,
  room: Rect,
  cellMax = Number.POSITIVE_INFINITY,
): Rect {
  const cell = Math.min(room.width / width, room.height / height, cellMax);
  const size = { width: cell * width, height: cell * height };
  return {
    x: room.x + (room.width - size.width) / 2,
    y: room.y + (room.height - size.height) / 2,
    ...size,
  };
}
