import { html, nothing, type TemplateResult } from 'lit-html';
import { type LayerActivity, saturates } from '../../../../../shared/study/unit-activity.ts';
import { fillRect } from '../../drawing/brush.ts';
import { formatCount, formatQuantity } from '../../format.ts';
import type { Panel } from '../../panel/panel.ts';
import { type Picture, type Swatch, showLegend, showPicture } from '../../panel/picture.ts';
import { tableFrom } from '../../panel/table.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import { unbroken } from '../../unbroken.ts';
import type { Study } from '../study.ts';
import { drawStrips } from './unit-drawing.ts';
import { addRow, badSince, type HistoryRow } from './unit-history.ts';
import { stateOf, type UnitState, unitsAdvice, unitsSentence, unitText } from './unit-states.ts';
import {
  lookOf,
  stripLayout,
  stripsHeight,
  type UnitPlace,
  unitAt,
  unitBeside,
} from './unit-strips.ts';

const ARGUMENT = { set: 'test' } as const;
const ROWS_MAX = 40;

/** Units that never fire or are saturated, and since when. */
export const units = (study: Study): Panel => {
  let history: readonly HistoryRow[] = [];
  let problem: string | undefined;
  const note = (step: number, layers: readonly LayerActivity[]) => {
    history = addRow(history, { step, layers }, ROWS_MAX);
  };
  /** The rows up to the parameters that the page shows. */
  const shown = (): readonly HistoryRow[] => {
    const found = study.studies.result('units', ARGUMENT);
    if (!found) return [];
    note(found.step, found.value);
    return history.filter(({ step }) => step <= found.step);
  };
  const count = () => study.studies.examples('test')?.count ?? 0;
  const look = () => {
    study.studies.want('units', ARGUMENT, 'test');
  };
  /** Computes the rows of the start and of all checkpoints. */
  const addKept = async () => {
    const { studies, kept, choose } = study;
    const add = async (step: number, parameters: Float32Array) => {
      note(step, await studies.perform('units', ARGUMENT, parameters));
      choose({});
    };
    try {
      problem = undefined;
      if (kept.initial) await add(0, kept.initial);
      for (const step of kept.steps) await add(step, await kept.load(step));
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      choose({});
    }
  };
  return {
    id: 'units',
    name: 'Dead and saturated units',
    isWide: true,
    title() {
      const layers = shown().at(-1)?.layers;
      return layers ? unitsSentence(layers, count()) : 'Does each unit take part?';
    },
    body() {
      const rows = shown();
      return html`<div ${whenSeen(look)}>
        ${rows.length > 0 ? show(study, rows) : study.waiting('units', ARGUMENT)}
        <div class="study-bar">
          <button @click=${addKept} ?disabled=${rows.length === 0}>${addText(study)}</button>
          ${problem === undefined ? nothing : html`<span class="warning">${problem}</span>`}
        </div>
      </div>`;
    },
    table: () => tableOf(shown().at(-1)),
  };
};

function addText({ kept }: Study): string {
  const checkpoints = formatQuantity(kept.steps.length, 'checkpoint');
  if (!kept.initial) return `Add ${checkpoints}`;
  return kept.steps.length === 0 ? 'Add the start' : `Add the start and ${checkpoints}`;
}

function show({ ui }: Study, rows: readonly HistoryRow[]): TemplateResult {
  const { layers } = rows[rows.length - 1];
  if (layers.length === 0) return html`<p class="quiet">There is nothing to show.</p>`;
  return html`${showLegend(legendOf(layers))} ${showPicture(pictureOf(rows), ui)}
    <p>${unbroken(unitsAdvice(layers))}</p>
    <p class="source">
      A column for each unit, a row for each step that was computed, the newest lowest, over the
      first test examples. A unit of a convolution is a channel, and fires if it does so anywhere in
      the image. A unit is saturated if its slope is below 1 % of the largest one for at least 95 %
      of its outputs.
    </p>`;
}

function pictureOf(rows: readonly HistoryRow[]): Picture<UnitPlace> {
  const layout = stripLayout(rows);
  const { layers } = rows[rows.length - 1];
  return {
    id: 'units',
    label: unitsSentence(layers, 0).replace(/^.*?, /, ''),
    height: stripsHeight(layout),
    keyOf: ({ layer, unit }) => `${layer} ${unit}`,
    find(key) {
      const [layer, unit] = key.split(' ').map(Number);
      return unit < layout.units[layer] ? { layer, unit } : undefined;
    },
    at: (x, y, width) => unitAt(layout, x, y, width),
    beside: (place, arrow) => unitBeside(layout, place, arrow),
    draw: (context, width, pointed) => drawStrips(context, rows, width, pointed),
    storyOf({ layer, unit }) {
      const { name, function: activation, parts } = layers[layer];
      const since = badSince(rows, layer, unit);
      const history =
        since === undefined || rows.length < 2 ? '' : ` It is so since step ${formatCount(since)}.`;
      return `${name}, unit ${unit}: ${unitText(activation, parts[unit])}.${history}`;
    },
  };
}

function legendOf(layers: readonly LayerActivity[]): Swatch[] {
  const swatch = (text: string, state: UnitState, part = 0): Swatch => [
    text,
    (context) =>
      fillRect(
        context,
        lookOf(state, part)[0],
        { x: 0, y: 0, width: 24, height: 16 },
        lookOf(state, part)[1],
      ),
  ];
  const firing = [
    swatch('never fires (dead)', 'dead'),
    swatch('fires for less than 1 %', 'rare'),
    swatch('fires for few', 'usual', 0.05),
    swatch('fires for most', 'usual', 0.95),
    swatch('always fires', 'always'),
  ];
  const saturating = [
    swatch('saturated', 'saturated'),
    swatch('saturated for more than half', 'often saturated'),
    swatch('not saturated', 'usual', 0),
  ];
  return [
    ...(layers.some((layer) => !saturates(layer.function)) ? firing : []),
    ...(layers.some((layer) => saturates(layer.function)) ? saturating : []),
  ];
}

function tableOf(row: HistoryRow | undefined) {
  const cells = (row?.layers ?? []).flatMap(({ name, function: activation, parts }) =>
    [...parts].map((part, unit) => ({ name, activation, part, unit })),
  );
  return tableFrom(cells, [
    ['step', () => row?.step ?? null],
    ['layer', ({ name }) => name],
    ['unit', ({ unit }) => unit],
    ['activation', ({ activation }) => activation],
    ['part of examples that fire, or of saturated outputs', ({ part }) => part],
    ['state', ({ activation, part }) => stateOf(activation, part)],
  ]);
}
