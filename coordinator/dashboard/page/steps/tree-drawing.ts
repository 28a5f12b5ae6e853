import type { LeafRange } from '../../../../shared/reduction-tree.ts';
import type { StepDetail } from '../../steps/step-detail.ts';
import {
  beginText,
  type Context,
  fillRect,
  type Point,
  paintCircle,
  strokeLines,
  strokeRect,
  write,
} from '../drawing/brush.ts';
import { colorOf } from '../drawing/colors.ts';
import type { Rect } from '../drawing/rect.ts';
import { isMissed } from './share-fates.ts';
import { paintBar } from './timeline-drawing.ts';
import {
  type Copy,
  copiesOf,
  type GivenSum,
  isSent,
  LANES,
  type PlacedNode,
  placeNodes,
  runsOf,
  sumsOf,
} from './tree-layout.ts';

/** Margins and heights, in CSS pixels. */
export const LEFT = 12;
export const TOP = 16;
const HEIGHT = 184;
const CELL = 22;
const LANE = 20;
const CELLS_Y = TOP + HEIGHT - CELL / 2;
const LANES_Y = CELLS_Y + CELL + 30;
export const PICTURE_HEIGHT = LANES_Y + LANE * LANES;

/** All that is drawn of a step's tree, from the left edge of the first leaf on. */
export interface TreePicture {
  readonly leafCount: number;
  /** The width of a leaf. */
  readonly pitch: number;
  readonly sums: readonly GivenSum[];
  readonly nodes: readonly PlacedNode[];
  readonly copies: readonly Copy[];
}

export function treePicture(detail: StepDetail, leafCount: number, width: number): TreePicture {
  const sums = sumsOf(detail, leafCount);
  const inner = width - 2 * LEFT;
  const nodes = placeNodes(sums, leafCount, inner, HEIGHT);
  return { leafCount, pitch: inner / leafCount, sums, nodes, copies: copiesOf(detail) };
}

/** The leaf, node or copy at a place. */
export function partAt({ leafCount, pitch, nodes, copies }: TreePicture, [x, y]: Point) {
  const leaf = Math.floor((x - LEFT) / pitch);
  const lane = Math.floor((y - LANES_Y) / LANE);
  if (lane >= 0)
    return copies.find(
      (copy) => copy.lane === lane && copy.share.lo <= leaf && leaf < copy.share.hi,
    )?.share;
  if (y >= CELLS_Y) return leaf >= 0 && leaf < leafCount ? { lo: leaf, hi: leaf + 1 } : undefined;
  return nodes.find((node) => Math.hypot(node.x + LEFT - x, node.y + TOP - y) <= node.radius + 4);
}

/** The color of a sum: that of the worker that computes it. */
const colorFor = (given: GivenSum | undefined): string =>
  given && given.rank === undefined ? '--line' : colorOf(given?.rank ?? null);

/** Black or white, whichever is easier to read on a color such as `#0072b2`. */
function inkOn(color: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  return red * 0.3 + green * 0.59 + blue * 0.11 > 115 ? '#000000' : '#ffffff';
}

export function paintTree(
  context: Context,
  picture: TreePicture,
  pointed: LeafRange | undefined,
  rootTexts: readonly string[],
  width: number,
): void {
  const { nodes, pitch, copies } = picture;
  context.translate(LEFT, 0);
  beginText(context, 'center');
  for (const node of nodes) paintEdge(context, node, pitch);
  paintCells(context, picture);
  for (const node of nodes) if (node.hi - node.lo > 1) paintNode(context, node);
  for (const { share, lane } of copies) {
    const rect = spanOf(share, pitch, LANES_Y + lane * LANE, LANE - 4);
    const what = isMissed(share) ? share.outcome : share.purpose.replace('need', 'copy');
    paintBar(context, isMissed(share) ? 'missed' : 'asked', rect, colorOf(share.rank));
    const place: Point = [rect.x + rect.width / 2, rect.y + 9];
    write(context, '--ink', [`rank ${share.rank}: ${what}`, what], place, rect.width - 8);
  }
  if (pointed) paintPointed(context, pointed, picture);
  const [{ x, y, radius }] = nodes;
  beginText(context, 'left');
  const place: Point = [x + radius + 10, Math.min(TOP + y, CELLS_Y - 14)];
  write(context, '--ink', rootTexts, place, width - LEFT - place[0]);
}

/** A rectangle over some leaves. */
function spanOf({ lo, hi }: LeafRange, pitch: number, y: number, height: number): Rect {
  const gap = pitch >= 6 ? 2 : pitch >= 3 ? 1 : 0;
  return { x: lo * pitch + gap / 2, y, width: (hi - lo) * pitch - gap, height };
}

function paintEdge(context: Context, node: PlacedNode, pitch: number): void {
  const { x, y, parent, given, isKnown, isFolded, lo, hi } = node;
  const color = isKnown ? colorFor(given) : '--line';
  const from: Point = [x, TOP + y];
  const fan: Point[] = [];
  for (let at = lo * pitch; isFolded && at <= hi * pitch; at += 2) fan.push([at, CELLS_Y]);
  strokeLines(context, color, 0.5, ...fan.map((to) => [from, to]));
  if (parent)
    strokeLines(context, color, isSent(given, node) ? 4 : 1.25, [from, [parent.x, TOP + parent.y]]);
}

function paintNode(context: Context, node: PlacedNode): void {
  const { x, y, given, isKnown, radius } = node;
  const color = colorFor(given);
  paintCircle(context, isKnown ? color : '--paper', color, [x, TOP + y], radius);
  if (radius < 9) return;
  const name = given ? (given.rank ?? (given.rank === null ? 'C' : '')) : 'C';
  write(context, isKnown ? inkOn(color) : '--ink', [String(name)], [x, TOP + y + 1]);
}

/** The leaves, and who computed them. */
function paintCells(context: Context, { sums, pitch }: TreePicture): void {
  for (const sum of sums) {
    const color = colorFor(sum);
    const size = pitch >= 3 ? 1 : sum.hi - sum.lo;
    for (let lo = sum.lo; lo < sum.hi; lo += size) {
      const rect = spanOf({ lo, hi: lo + size }, pitch, CELLS_Y, CELL);
      if (sum.isKnown) fillRect(context, color, rect);
      else strokeRect(context, color, rect, 1.5);
      const ink = sum.isKnown ? inkOn(color) : '--ink';
      if (size === 1)
        write(
          context,
          ink,
          [String(lo)],
          [rect.x + rect.width / 2, CELLS_Y + CELL / 2 + 1],
          rect.width - 2,
        );
    }
  }
  let labelEnd = 0;
  for (const { rank, ...run } of runsOf(sums)) {
    if (rank === undefined) continue;
    const rect = spanOf(run, pitch, CELLS_Y + CELL + 3, 3);
    const texts = rank === null ? ['coordinator', 'C'] : [`rank ${rank}`, String(rank)];
    fillRect(context, colorOf(rank), rect);
    const middle = rect.x + rect.width / 2;
    // A short name may be wider than its leaves, if the name before it leaves room.
    const room = Math.max(rect.width, 2 * (middle - labelEnd));
    const written = write(
      context,
      '--ink',
      texts.slice(rect.width < 40 ? 1 : 0),
      [middle, rect.y + 14],
      room,
    );
    if (written > 0) labelEnd = middle + written / 2 + 4;
  }
}

function paintPointed(
  context: Context,
  { lo, hi }: LeafRange,
  { nodes, pitch }: TreePicture,
): void {
  strokeRect(context, '--ink', spanOf({ lo, hi }, pitch, CELLS_Y - 2, CELL + 4), 2);
  const node = nodes.find((each) => each.lo === lo && each.hi === hi);
  if (!node || hi - lo === 1) return;
  paintCircle(context, 'transparent', '--ink', [node.x, TOP + node.y], node.radius + 3);
}
