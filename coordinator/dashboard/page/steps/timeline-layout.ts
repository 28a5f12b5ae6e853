import type { Rect } from '../drawing/rect.ts';
import type { Bar, Scene } from './timeline-scene.ts';

/*
 * Where things are on the timeline.
 *
 *   zoom, width ──windowOf──► the ms that are shown
 *   scene, window ──placeBars──► rectangles in pixels
 */

/** A part of a scene that is shown. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the user has chosen to see. */
export interface Zoom {
  /** Powers of two; 0: as many of the newest rounds as have room; -Infinity: all of them. */
  readonly zoom: number;
  /** The part of what is hidden that is hidden at the right: 0..1. */
  readonly back: number;
}

const ZOOM_MAX = 10;
/** A round has at least this width before the user zooms, unless others are much longer. */
const ROUND_PIXELS = 180;

/** The time that zoom 0 shows. */
export function unzoomedMs({ rounds, toMs }: Scene, width: number): number {
  const shown = Math.max(1, Math.floor(width / ROUND_PIXELS));
  return Math.max(1e-3, toMs - (rounds.at(-shown) ?? rounds[0]).fromMs);
}

export function windowOf(scene: Scene, width: number, { zoom, back }: Zoom): Window {
  const allMs = Math.max(1e-3, scene.toMs);
  const span = Math.min(allMs, unzoomedMs(scene, width) / 2 ** zoom);
  const end = allMs - back * (allMs - span);
  return { fromMs: end - span, toMs: end };
}

/** Another zoom, with a moment at a place of the window (0..1). */
export function zoomTo(
  scene: Scene,
  width: number,
  zoom: number,
  atMs: number,
  place: number,
): Zoom {
  const next = Math.min(ZOOM_MAX, zoom);
  const { fromMs, toMs } = windowOf(scene, width, { zoom: next, back: 0 });
  // As much is hidden as lies before the newest window.
  const endMs = atMs + (1 - place) * (toMs - fromMs);
  const back = fromMs > 0 ? Math.min(1, Math.max(0, (toMs - endMs) / fromMs)) : 0;
  return { zoom: next, back };
}

/** Zooms by powers of two about a place of the window (0..1), which stays where it is. */
export function zoomBy(scene: Scene, width: number, zoom: Zoom, by: number, place: number): Zoom {
  const { fromMs, toMs } = windowOf(scene, width, zoom);
  const span = toMs - fromMs;
  const now = Math.log2(unzoomedMs(scene, width) / span);
  return zoomTo(scene, width, now + by, fromMs + place * span, place);
}

/** Where rows and columns are, in CSS pixels. */
export interface Frame {
  /** Width of the names at the left. */
  readonly gutter: number;
  readonly top: number;
  readonly rowHeight: number;
  /** Height of a bar. */
  readonly thickness: number;
  readonly height: number;
  /** Every so many rows have a name. */
  readonly namedRows: number;
}

const AXIS = 24;
const ROWS_HEIGHT = 448;

export function frameOf(rowCount: number, width: number): Frame {
  const rowHeight = Math.min(36, Math.max(4, Math.floor(ROWS_HEIGHT / rowCount)));
  return {
    gutter: width < 600 ? 64 : 144,
    top: AXIS,
    rowHeight,
    thickness: rowHeight < 16 ? rowHeight - 1 : rowHeight - 12,
    height: 2 * AXIS + rowHeight * rowCount,
    namedRows: Math.ceil(15 / rowHeight),
  };
}

export interface PlacedBar extends Rect {
  readonly bar: Bar;
}

/** From ms to pixels. */
export function xScale({ fromMs, toMs }: Window, { gutter }: Frame, width: number) {
  return (ms: number): number => gutter + ((ms - fromMs) / (toMs - fromMs)) * (width - gutter);
}

/** The middle of a row. */
export const rowY = ({ top, rowHeight }: Frame, row: number): number =>
  top + (row + 0.5) * rowHeight;

/** The bars in sight, at least a pixel wide. Neighbors of a kind within a pixel are one bar. */
export function placeBars(scene: Scene, window: Window, frame: Frame, width: number): PlacedBar[] {
  const xOf = xScale(window, frame, width);
  const ends = new Map<string, number>();
  return scene.bars.flatMap((bar) => {
    const { kind, row, fromMs, toMs } = bar;
    if (toMs < window.fromMs || fromMs > window.toMs) return [];
    const x = Math.max(frame.gutter, xOf(fromMs));
    const right = Math.max(x + 1, Math.min(width, xOf(toMs)));
    const key = `${kind} ${row}`;
    if (right < (ends.get(key) ?? 0) + 1) return [];
    ends.set(key, right);
    const height = kind === 'receive' ? Math.ceil(frame.thickness / 2) : frame.thickness;
    return { bar, x, y: rowY(frame, row) + frame.thickness / 2 - height, width: right - x, height };
  });
}

/** About `count` round values of a window, ascending, with texts. */
export function ticksOf(
  { fromMs, toMs }: Window,
  count: number,
): { readonly ms: number; readonly text: string }[] {
  const raw = (toMs - fromMs) / Math.max(1, count);
  const power = Math.floor(Math.log10(raw));
  const step = 10 ** power * ([1, 2, 5].find((each) => each * 10 ** power >= raw) ?? 10);
  const [unit, unitMs] = step < 100 ? ['ms', 1] : ['s', 1000];
  const digits = Math.max(0, -Math.floor(Math.log10(step / unitMs) + 1e-9));
  const first = Math.ceil(fromMs / step);
  return Array.from({ length: Math.max(0, Math.floor(toMs / step) - first + 1) }, (_, i) => {
    const ms = (first + i) * step;
    return { ms, text: `${(ms / unitMs).toFixed(digits)} ${unit}` };
  });
}

/** The bar under a point, or at most three pixels beside it. The narrowest one wins. */
export function barAt(placed: readonly PlacedBar[], frame: Frame, x: number, y: number) {
  const row = Math.floor((y - frame.top) / frame.rowHeight);
  return placed
    .filter(({ bar }) => bar.row === row)
    .map(({ bar, x: left, width }) => ({
      bar,
      width,
      off: Math.max(left - x, x - left - width, 0),
    }))
    .filter(({ off }) => off <= 3)
    .sort((a, b) => a.off - b.off || a.width - b.width)[0]?.bar;
}

/** The bar that an arrow key leads to. Without a bar to begin from: the last one. */
export function barBeside(bars: readonly Bar[], from: Bar | undefined, arrow: string) {
  if (!from) return bars.at(-1);
  const isForward = arrow === 'ArrowRight' || arrow === 'ArrowDown';
  const isAside = arrow === 'ArrowRight' || arrow === 'ArrowLeft';
  /** How far away a bar is in the arrow's direction. */
  const away = (bar: Bar) => (isAside ? bar.fromMs - from.fromMs : bar.row - from.row);
  const aside = (bar: Bar) => Math.abs(bar.fromMs - from.fromMs);
  return bars
    .filter((bar) => (isAside ? bar.row === from.row : true))
    .filter((bar) => (isForward ? away(bar) > 0 : away(bar) < 0))
    .sort((a, b) => Math.abs(away(a)) - Math.abs(away(b)) || aside(a) - aside(b))[0];
}

/** Names a bar, so that it is found again in the next picture of the same steps. */
export const barKey = ({ kind, row, round, fromMs }: Bar): string =>
  [round.kind, round.step, row, kind, fromMs].join(' ');
