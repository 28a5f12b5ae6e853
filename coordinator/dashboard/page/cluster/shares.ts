import { html } from 'lit-html';
import { drawing } from '../drawing/canvas.ts';
import { colorOf, styleColor } from '../drawing/colors.ts';
import { formatPercent } from '../format.ts';
import type { Panel } from '../panel/panel.ts';
import {
  addShares,
  membershipOf,
  nameOfRow,
  rankOfRow,
  SHARE_ROWS,
  sharesTable,
  sharesTitle,
  toParts,
} from './shares-text.ts';
import { chooseSteps, drawStack } from './stack-drawing.ts';
import { columnsOf, shownBuckets } from './step-columns.ts';

/** More marks than this would hide the ribbon. */
const MARKS_MAX = 40;

function colorOfRow(row: number): string {
  const rank = rankOfRow(row);
  return rank === undefined ? styleColor('--quiet') : colorOf(rank);
}

/** How the micro-batches of each step were divided. */
export const shares: Panel = {
  id: 'shares',
  name: 'Shares',
  title: sharesTitle,
  body(view, ui) {
    const buckets = shownBuckets(view.history.all(), ui.choices.stepsShown);
    const from = buckets.at(0)?.from ?? 0;
    const marks = membershipOf(view).flatMap(({ step }) => (step > from ? [step] : []));
    return html`<canvas
        class="stack"
        role="img"
        aria-label=${sharesTitle(view)}
        ${drawing((context, width, height) => {
          const columns = columnsOf(buckets, width / 2, SHARE_ROWS, addShares);
          for (const { values } of columns) toParts(values);
          const newest = columns.at(-1)?.values;
          const rows = Array.from({ length: SHARE_ROWS }, (_, row) => row);
          drawStack(context, width, height, {
            columns,
            colors: rows.map(colorOfRow),
            top: 1,
            textOf: (value) => formatPercent(value, 0),
            labels: rows.map(
              (row) => newest && `${formatPercent(newest[row], 0)} ${nameOfRow(row)}`,
            ),
            marks: marks.length > MARKS_MAX ? [] : marks,
          });
        })}
      ></canvas>
      ${chooseSteps(ui)}`;
  },
  table: sharesTable,
};
