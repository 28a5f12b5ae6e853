import type { LayerActivity } from '../../../../../shared/study/unit-activity.ts';
import { beginText, type Context, fillRect, strokeRect, write } from '../../drawing/brush.ts';
import { formatCount } from '../../format.ts';
import type { HistoryRow } from './unit-history.ts';
import { stateOf } from './unit-states.ts';
import {
  blockHeight,
  LEFT,
  lookOf,
  NEWEST,
  stripLayout,
  TITLE,
  type UnitPlace,
} from './unit-strips.ts';

/** The strips of all layers: everything here needs a canvas. */
export function drawStrips(
  context: Context,
  history: readonly HistoryRow[],
  width: number,
  pointed: UnitPlace | undefined,
): void {
  const layout = stripLayout(history);
  const newest = history.at(-1);
  for (const [layer, { name, function: activation, parts }] of (newest?.layers ?? []).entries()) {
    const top = layer * blockHeight(layout);
    beginText(context, 'left');
    const count = formatCount(parts.length);
    write(context, '--ink', [`${name}: ${count} units, ${activation}`], [0, top + 9]);
    const rows = top + TITLE;
    for (const [i, row] of history.slice(0, -1).entries())
      drawRow(context, row.layers[layer], rows + i * layout.rowHeight, layout.rowHeight, width);
    const last = rows + layout.rows * layout.rowHeight;
    if (newest) drawRow(context, newest.layers[layer], last, NEWEST, width);
    beginText(context, 'left');
    write(context, '--quiet', [formatCount(newest?.step ?? 0)], [0, last + NEWEST / 2]);
    if (layout.rows * layout.rowHeight >= 12)
      write(context, '--quiet', [formatCount(history[0].step)], [0, rows + 6]);
    if (pointed?.layer !== layer) continue;
    const each = (width - LEFT) / parts.length;
    const height = layout.rows * layout.rowHeight + NEWEST + 4;
    const x = LEFT + pointed.unit * each - 2;
    strokeRect(context, '--ink', { x, y: rows - 2, width: Math.max(4, each + 4), height }, 1.5);
  }
}

/** Those that are dead are drawn last, so that others do not hide them. */
function drawRow(
  context: Context,
  { function: activation, parts }: LayerActivity,
  y: number,
  height: number,
  width: number,
): void {
  const each = (width - LEFT) / parts.length;
  const gap = each > 6 ? 1 : 0;
  const isBad = (part: number) => ['dead', 'saturated'].includes(stateOf(activation, part));
  for (const turn of [false, true])
    for (const [unit, part] of parts.entries()) {
      if (isBad(part) !== turn) continue;
      const [color, alpha] = lookOf(stateOf(activation, part), part);
      const place = { x: LEFT + unit * each, y, width: Math.max(1, each - gap), height };
      fillRect(context, color, place, alpha);
    }
}
