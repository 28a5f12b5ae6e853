import {
  beginText,
  type Context,
  clipTo,
  fillRect,
  type Point,
  strokeLines,
  strokeRect,
  write,
} from '../drawing/brush.ts';
import { colorOf } from '../drawing/colors.ts';
import type { Rect } from '../drawing/rect.ts';
import { formatCount } from '../format.ts';
import {
  type Frame,
  frameOf,
  placeBars,
  rowY,
  ticksOf,
  unzoomedMs,
  type Window,
  xScale,
} from './timeline-layout.ts';
import type { Bar, BarKind, MarkKind, Scene, SceneRound } from './timeline-scene.ts';

const ALPHA: Readonly<Record<BarKind, number>> = {
  receive: 0.35,
  compute: 1,
  send: 0.6,
  asked: 0.2,
  wait: 0,
  again: 1,
  trial: 0.2,
  audit: 0,
  missed: 0,
  handout: 0.45,
  add: 1,
  update: 0.85,
};
const OUTLINES: Readonly<Partial<Record<BarKind, number[]>>> = {
  asked: [],
  audit: [],
  trial: [2, 2],
  missed: [5, 3],
};

export function paintBar(context: Context, kind: BarKind, rect: Rect, color: string): void {
  const { x, y, width, height } = rect;
  fillRect(context, kind === 'update' ? '--ink' : color, rect, ALPHA[kind]);
  const outline = OUTLINES[kind];
  if (outline && width > 3) strokeRect(context, color, rect, 1.5, outline);
  if (kind !== 'again' && kind !== 'audit') return;
  const lines: Point[][] = [];
  for (let at = x - height; at < x + width; at += 6)
    lines.push([
      [at, y + height],
      [at + height, y],
    ]);
  clipTo(context, rect, () =>
    strokeLines(context, kind === 'audit' ? color : '--paper', 1.5, ...lines),
  );
}

export function paintMark(context: Context, kind: MarkKind, [x, y]: Point, size: number): void {
  const point = (dx: number, dy: number): Point => [x + dx * size, y + dy * size];
  const lines = {
    deadline: [[point(0, -0.8), point(0, 0.8)]],
    overdue: [[point(0, -1.5), point(0, 1.5)]],
    cross: [
      [point(-0.5, -0.5), point(0.5, 0.5)],
      [point(0.5, -0.5), point(-0.5, 0.5)],
    ],
    first: [[point(0.2, 0), point(0.5, 0.4), point(1.2, -0.5)]],
  };
  const color = { first: '--good', deadline: '--quiet', overdue: '--warning', cross: '--warning' };
  strokeLines(context, color[kind], kind === 'deadline' ? 1 : 2, ...lines[kind]);
}

/** Draws the timeline. `names`: of the workers, by rank. `pointed`: the bar to emphasize. */
export function paintTimeline(
  context: Context,
  width: number,
  scene: Scene,
  window: Window,
  names: ReadonlyMap<number, string>,
  pointed: Bar | undefined,
): void {
  const frame = frameOf(scene.rows.length, width);
  const { gutter, height, rowHeight } = frame;
  const xOf = xScale(window, frame, width);
  const size = Math.min(9, rowHeight);
  const colors = scene.rows.map(colorOf);
  paintAxis(context, width, scene, window, frame);
  clipTo(context, { x: gutter, y: 0, width, height }, () => {
    paintRounds(context, scene, frame, xOf);
    for (const { bar, ...rect } of placeBars(scene, window, frame, width)) {
      const color = colors[bar.row];
      paintTrip(context, bar, color, frame, xOf);
      paintBar(context, bar.kind, rect, color);
      if (bar === pointed) strokeRect(context, '--ink', rect, 2);
    }
    for (const moments of scene.descents)
      strokeLines(
        context,
        '--ink',
        1,
        moments.map(({ row, atMs }): Point => [xOf(atMs), rowY(frame, row)]),
      );
    // In thin rows they would be a wall.
    for (const { kind, row, atMs } of scene.marks)
      if (kind !== 'deadline' || rowHeight > 12)
        paintMark(context, kind, [xOf(atMs), rowY(frame, row)], size);
  });
  for (const [row, rank] of scene.rows.entries())
    if (row % frame.namedRows === 0) paintName(context, frame, row, rank, names);
}

/** Bars that stand beside the one of the work itself. */
const BESIDE: readonly BarKind[] = ['receive', 'send', 'wait'];

/** A line from when a share was handed out to when its last sum had arrived. */
function paintTrip(
  context: Context,
  { kind, share, round, row }: Bar,
  color: string,
  frame: Frame,
  xOf: (ms: number) => number,
): void {
  if (share?.answeredAtMs === undefined || BESIDE.includes(kind)) return;
  const ends = [share.startMs, share.answeredAtMs];
  const points = ends.map((ms): Point => [xOf(round.fromMs + ms), rowY(frame, row)]);
  strokeLines(context, color, 1, points);
}

function paintRounds(
  context: Context,
  { rounds }: Scene,
  { gutter, top, height }: Frame,
  xOf: (ms: number) => number,
): void {
  let labelEnd = gutter;
  for (const [i, round] of rounds.entries()) {
    const [x, end] = [xOf(round.fromMs), xOf(round.toMs)];
    const rect = { x, y: 0, width: end - x, height: height - top };
    if (i % 2 === 0) fillRect(context, '--soft', rect);
    fillRect(context, '--line', { ...rect, width: 1 });
    if (round.isDone) fillRect(context, '--line', { ...rect, x: end, width: 1 });
    const left = Math.max(x, gutter) + 6;
    if (left < labelEnd) continue;
    const written = write(context, '--ink', labelsOf(round), [left, top / 2], end - left - 4);
    if (written > 0) labelEnd = left + written + 6;
  }
}

/** From long to short. */
const labelsOf = ({ kind, step }: SceneRound): string[] =>
  kind === 'train'
    ? [`step ${formatCount(step)}`, formatCount(step)]
    : [`${kind} set after step ${formatCount(step)}`, `${kind} set`];

function paintAxis(
  context: Context,
  width: number,
  scene: Scene,
  window: Window,
  frame: Frame,
): void {
  const { gutter, top, height } = frame;
  const xOf = xScale(window, frame, width);
  beginText(context, 'center');
  // The first round that is shown before the user zooms begins at 0 ms.
  const zeroMs = scene.toMs - unzoomedMs(scene, width - gutter);
  const shifted = { fromMs: window.fromMs - zeroMs, toMs: window.toMs - zeroMs };
  for (const { ms, text } of ticksOf(shifted, (width - gutter) / 110)) {
    const x = xOf(ms + zeroMs);
    fillRect(context, '--quiet', { x, y: height - top, width: 1, height: 4 });
    const room = 2 * (width - x);
    write(context, '--quiet', [text], [x, height - top / 2 + 2], room);
  }
  beginText(context, 'left');
}

function paintName(
  context: Context,
  frame: Frame,
  row: number,
  rank: number | null,
  names: ReadonlyMap<number, string>,
): void {
  const y = rowY(frame, row);
  const room = frame.gutter - 24;
  fillRect(context, colorOf(rank), { x: 0, y: y - 5, width: 10, height: 10 });
  const labels = rank === null ? ['coordinator', 'coord.'] : [`rank ${rank}`, String(rank)];
  const end = 16 + write(context, '--ink', labels, [16, y + 1], room);
  const name = [...(names.get(rank ?? -1) ?? '')];
  const cuts = [name.length, 10, 7, 4].map((length) => name.slice(0, length).join(''));
  write(context, '--quiet', cuts, [end + 8, y + 1], frame.gutter - end - 12);
}
