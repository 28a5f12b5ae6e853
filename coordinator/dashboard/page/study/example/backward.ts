import { html } from 'lit-html';
import { fillRect } from '../../drawing/brush.ts';
import type { Panel } from '../../panel/panel.ts';
import {
  type Picture,
  pointedPart,
  type Swatch,
  showLegend,
  showPicture,
} from '../../panel/picture.ts';
import { tableFrom } from '../../panel/table.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import { classesOf } from '../access.ts';
import type { Study } from '../study.ts';
import { Backward, type BackwardState } from './backward-state.ts';
import { mosaicsOf, paintNet } from './net-drawing.ts';
import { layOutNet, netHeight, type UnitKey, unitAtPoint, unitBeside } from './net-layout.ts';
import {
  columnName,
  isBackward,
  isForward,
  lockedCount,
  stageCount,
  stageText,
  unitName,
} from './net-text.ts';
import { reachOf } from './paint-values.ts';
import { largestTerms, showFour } from './sums.ts';
import { unitDetail } from './unit-detail.ts';

const id = 'backward';
/** Lines lead to so many units. */
const LINES = 5;

/** The forward and backward pass of one example through the whole net. */
export function backward(study: Study): Panel {
  const { studies, ui } = study;
  const all = new Backward(study);
  const namesOf = () => classesOf(studies);
  return {
    id,
    name: 'Backward, one example',
    isWide: true,
    title() {
      const state = all.look();
      return state ? stageText(state.columns, state.stage) : 'The net is being computed.';
    },
    body() {
      const state = all.look();
      const want = whenSeen(() => all.want());
      if (!state) return html`<div ${want}>${study.waiting('example', all.argument)}</div>`;
      const picture = pictureOf(state, namesOf(), all);
      const pick = () => {
        const unit = pointedPart(picture, ui);
        if (unit) all.pick(unit);
      };
      return html`<div class="backward" ${want}>
        <div>
          ${stageControls(state, all)}
          <div class="net" @click=${pick}>${showPicture(picture, ui)}</div>
          ${showLegend(LEGEND)}
        </div>
        <div class="unit">${unitDetail(state, namesOf(), all)}</div>
      </div>`;
    },
    table: () => columnTable(all.look()),
    secondTable: { name: 'products', table: () => productTable(all.look(), namesOf()) },
  };
}

function stageControls({ columns, stage, isPlaying }: BackwardState, actions: Backward) {
  const last = stageCount(columns.length) - 1;
  return html`<div class="controls" role="group" aria-label="Way through the net">
    <button ?disabled=${stage === 0} @click=${() => actions.goTo(0)}>Reset</button>
    <button ?disabled=${stage === 0} @click=${() => actions.stepBy(-1)}>Step back</button>
    <button ?disabled=${stage === last} @click=${() => actions.stepBy(1)}>Step forward</button>
    <button aria-pressed=${isPlaying} @click=${() => actions.play()}>
      ${isPlaying ? 'Pause' : 'Play'}
    </button>
    <span class="quiet">${stage + 1} of ${last + 1}</span>
  </div>`;
}

function pictureOf(
  state: BackwardState,
  names: readonly string[],
  actions: Backward,
): Picture<UnitKey> {
  const { columns, example, stage, chosen, unit } = state;
  const mosaics = mosaicsOf(columns);
  const progress = { stage, columnCount: columns.length };
  const picture = {
    columns,
    outputs: example.outputs,
    targets: example.targets,
    names,
    progress,
    chosen,
    before: largestTerms(unit?.forward ?? [], LINES).shown.map(({ from }) => from),
    after: largestTerms(unit?.backward ?? [], LINES).shown.map(({ to }) => to),
  };
  return {
    id,
    label: stageText(columns, stage),
    height: netHeight(mosaics, Math.min(innerWidth, document.body.clientWidth) - 32),
    keyOf: ({ column, unit }) => `${column} ${unit}`,
    find(key) {
      const [column, unit] = key.split(' ').map(Number);
      return unit < (columns[column]?.values.length ?? 0) ? { column, unit } : undefined;
    },
    storyOf: (part) => storyOf(state, names, part),
    at: (x, y, width) => unitAtPoint(layOutNet(mosaics, width), [x, y]),
    beside: (part, arrow) => unitBeside(mosaics, part ?? chosen, arrow),
    draw: (context, width, pointed) => paintNet(context, picture, width, pointed),
    useKey(key, pointed) {
      if ((key !== 'Enter' && key !== ' ') || !pointed) return false;
      actions.pick(pointed);
      return true;
    },
  };
}

function storyOf(
  { columns, example, stage }: BackwardState,
  names: readonly string[],
  { column, unit }: UnitKey,
): string {
  const study = columns[column];
  const progress = { stage, columnCount: columns.length };
  const isLast = column === columns.length - 1;
  const name = unitName(study, unit, isLast ? names : undefined);
  const place = `${columnName(study, column)}: ${name}`;
  if (!isForward(progress, column)) return `${place}: not computed yet.`;
  const value = isLast
    ? `output ${showFour(example.outputs[unit])}`
    : `a = ${showFour(study.values[unit])}`;
  const slope = study.slopes && column > 0 ? `, slope ${showFour(study.slopes[unit])}` : '';
  const delta = isBackward(progress, column) ? `, δ = ${showFour(study.deltas?.[unit] ?? 0)}` : '';
  return `${place}: ${value}${slope}${delta}. Click, or press Enter, for its chain rule.`;
}

const box = { x: 0, y: 2, width: 24, height: 12 };
const LEGEND: readonly Swatch[] = [
  ['above 0', (context) => fillRect(context, '--accent', box)],
  ['below 0', (context) => fillRect(context, '--validation', box)],
  ['slope 0 or nearly: locked', (context) => fillRect(context, '--line', box)],
];

const columnTable = (state: BackwardState | undefined) =>
  tableFrom(
    [...(state?.columns.entries() ?? [])],
    [
      ['layer', ([at, column]) => columnName(column, at)],
      ['units', ([, { values }]) => values.length],
      ['largest |a|', ([, { values }]) => reachOf(values), showFour],
      ['locked', ([, column]) => lockedCount(column)],
      ['largest |δ|', ([, { deltas }]) => (deltas ? reachOf(deltas) : null), showFour],
    ],
  );

/** All products of the chosen unit. */
function productTable(state: BackwardState | undefined, names: readonly string[]) {
  const { unit, columns = [], chosen = { column: 0, unit: 0 } } = state ?? {};
  const nameIn = (at: number, each: number) =>
    unitName(columns[at], each, at === columns.length - 1 ? names : undefined);
  const rows = [
    ...(unit?.forward ?? []).map((term) => ({
      ...term,
      way: 'forward',
      other: nameIn(chosen.column - 1, term.from),
    })),
    ...(unit?.backward ?? []).map((term) => ({
      ...term,
      way: 'backward',
      other: nameIn(chosen.column + 1, term.to),
    })),
  ];
  return tableFrom(rows, [
    ['way', ({ way }) => way],
    ['unit', ({ other }) => other],
    ['w', ({ weight }) => weight, showFour],
    ['a or δ', ({ value }) => value, showFour],
    ['product', ({ product }) => product, showFour],
    ['∂L/∂w', ({ gradient }) => gradient, showFour],
  ]);
}
