import { html } from 'lit-html';
import type { LeafRange } from '../../../../shared/reduction-tree.ts';
import type { RunView } from '../../model/run-view.ts';
import { fillRect, strokeRect } from '../drawing/brush.ts';
import { colorOf } from '../drawing/colors.ts';
import { formatCount, formatLoss } from '../format.ts';
import type { Panel } from '../panel/panel.ts';
import { type Picture, type Swatch, showLegend, showPicture } from '../panel/picture.ts';
import type { Choices } from '../ui.ts';
import { isMissed } from './share-fates.ts';
import { shownSteps, treeStepOf } from './shown-steps.ts';
import { paintBar } from './timeline-drawing.ts';
import { PICTURE_HEIGHT, paintTree, partAt, treePicture } from './tree-drawing.ts';
import { isSent, nodeBeside, sumsOf } from './tree-layout.ts';
import { nodeStory, treeTitle } from './tree-text.ts';

const id = 'tree';

const contentOf = (view: RunView, { choices }: { choices: Choices }) => ({
  detail: treeStepOf(shownSteps(view, choices), choices.showsDisturbed),
  leafCount: view.facts?.microBatchCount ?? 1,
});

/** Who computed and added what in one step. */
export const reductionTree: Panel = {
  id,
  name: 'Reduction tree of this step',
  title(view, ui) {
    const { detail, leafCount } = contentOf(view, ui);
    return treeTitle(detail, leafCount);
  },
  body(view, ui) {
    const { detail, leafCount } = contentOf(view, ui);
    if (!detail) return html`<p>It begins with the first step.</p>`;
    const { step, loss, isDone } = detail;
    const name = `step ${formatCount(step)}`;
    const state = isDone ? `done, its own loss ${formatLoss(loss)}` : 'under way';
    const pictureFor = (width: number) => treePicture(detail, leafCount, width);
    const picture: Picture<LeafRange> = {
      id,
      label: treeTitle(detail, leafCount),
      height: PICTURE_HEIGHT,
      keyOf: ({ lo, hi }) => `${lo} ${hi}`,
      find(key) {
        const [lo, hi] = key.split(' ').map(Number);
        return hi <= leafCount ? { lo, hi } : undefined;
      },
      storyOf: (node) => nodeStory(node, detail, leafCount),
      at: (x, y, width) => partAt(pictureFor(width), [x, y]),
      beside: (node, arrow, width) => nodeBeside(pictureFor(width).nodes, node, arrow),
      draw: (context, width, pointed) =>
        paintTree(context, pictureFor(width), pointed, [`${name} ${state}`, name], width),
    };
    return html`<p class="kind">
        The tree is always the same, so the sum has the same bits, whoever computes a part.
      </p>
      ${showPicture(picture, ui)} ${showLegend(legendOf(pictureFor(1000)))}`;
  },
  table(view, ui) {
    const { detail, leafCount } = contentOf(view, ui);
    const state = (isKnown: boolean) => (isKnown ? 'counts' : 'awaited');
    return {
      columns: [
        ...['first micro-batch', 'last', 'rank', 'state'].map((name) => ({ name })),
        { name: 'arrived', unit: 'ms', show: (ms) => ms.toFixed(2) },
      ],
      rows: [
        ...(detail ? sumsOf(detail, leafCount) : []).map(
          ({ lo, hi, rank = null, isKnown, ms = null }) => [lo, hi - 1, rank, state(isKnown), ms],
        ),
        ...(detail?.copies ?? []).map(({ lo, hi, rank }) => [lo, hi - 1, rank, 'copy', null]),
      ],
    };
  },
};

function legendOf({ nodes, sums, copies }: ReturnType<typeof treePicture>): Swatch[] {
  const box = { x: 0, y: 1, width: 24, height: 14 };
  const missed = copies.map(({ share }) => isMissed(share));
  const swatches: (Swatch | false)[] = [
    nodes.some((node) => isSent(node.given, node)) && [
      'a sum that a worker sends',
      (context) => fillRect(context, colorOf(0), { ...box, y: 6, height: 4 }),
    ],
    nodes.some(({ given }) => !given || given.rank === null) && [
      'C: the coordinator',
      (context) => fillRect(context, colorOf(null), { ...box, width: 14 }),
    ],
    sums.some(({ isKnown }) => !isKnown) && [
      'not there yet',
      (context) => strokeRect(context, colorOf(0), { ...box, width: 14 }, 1.5),
    ],
    missed.includes(true) && [
      'late or lost',
      (context) => paintBar(context, 'missed', box, colorOf(0)),
    ],
    missed.includes(false) && [
      'computed twice',
      (context) => paintBar(context, 'asked', box, colorOf(0)),
    ],
  ];
  return swatches.filter((swatch) => swatch !== false);
}
