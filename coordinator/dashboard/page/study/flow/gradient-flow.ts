import { html, type TemplateResult } from 'lit-html';
import { trainedLayers } from '../../../../../shared/study/tensor-norms.ts';
import { formatCount, formatQuantity } from '../../format.ts';
import type { Panel } from '../../panel/panel.ts';
import { showPicture } from '../../panel/picture.ts';
import { tableFrom } from '../../panel/table.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import { unbroken } from '../../unbroken.ts';
import type { Study } from '../study.ts';
import { GRADIENT_EXAMPLES } from '../units/unit-tasks.ts';
import { type FlowRow, flowOfCheckpoints, flowOfSamples } from './flow.ts';
import { flowPicture } from './flow-picture.ts';
import { formatPart, judgeFlow, slowestSentence } from './flow-text.ts';
import { LayerSamples } from './layer-samples.ts';

/** What the panel shows, and where it is from. */
interface Shown {
  readonly rows: readonly FlowRow[];
  /** The step of each sample. */
  readonly steps: readonly number[];
  /** How long Δw took. */
  readonly span: string;
  readonly source: string;
}

const ONE_STEP = 'one step';

/** A run in one file has test examples alone. */
const argumentOf = ({ studies }: Study) =>
  ({ set: studies.opened?.counts.training === 0 ? 'test' : 'training' }) as const;

/** How far the gradient gets, from the last layer to the first. */
export const gradientFlow = (study: Study): Panel => {
  const samples = new LayerSamples(study.studies, study.ui);
  const look = () => {
    if (study.studies.shown.kind !== 'kept') samples.want();
    if (!usesSamples(study, samples)) {
      study.studies.want('gradients', argumentOf(study), argumentOf(study).set);
    }
  };
  return {
    id: 'gradient-flow',
    name: 'Gradient flow',
    title() {
      const shown = shownOf(study, samples);
      return shown ? judgeFlow(shown.rows).sentence : 'How far does the gradient get?';
    },
    body() {
      const shown = shownOf(study, samples);
      const isAsked = samples.isMeasured && study.studies.problem === undefined;
      return html`<div ${whenSeen(look)}>
        ${
          shown
            ? show(study, shown)
            : isAsked
              ? html`<p class="quiet">The coordinator measures the next step …</p>`
              : study.waiting('gradients', argumentOf(study))
        }
      </div>`;
    },
    table() {
      const { rows = [], steps = [] } = shownOf(study, samples) ?? {};
      const cells = rows.flatMap((row) => steps.map((step, i) => ({ row, step, i })));
      return tableFrom(cells, [
        ['step', ({ step }) => step],
        ['layer', ({ row }) => row.name],
        ['norm of the gradient', ({ row, i }) => row.gradients[i] ?? null, short],
        ['relative update', ({ row, i }) => row.updates[i] ?? null, short],
      ]);
    },
  };
};

const short = (value: number): string => String(Number(value.toPrecision(4)));

/** Whether the coordinator measures what is shown. */
const usesSamples = ({ studies }: Study, samples: LayerSamples): boolean =>
  studies.shown.kind !== 'kept' && (samples.isMeasured ?? true) && !hasEnded(studies, samples);

/** Nobody has measured a run that was over before the page was opened. */
const hasEnded = ({ isOver }: Study['studies'], { all }: LayerSamples): boolean =>
  isOver && all.length === 0;

function shownOf(study: Study, samples: LayerSamples): Shown | undefined {
  const { opened } = study.studies;
  if (!opened) return undefined;
  return usesSamples(study, samples) ? measured(study, samples) : computed(study);
}

function measured({ studies }: Study, { all }: LayerSamples): Shown | undefined {
  const { opened, shown, step = 0 } = studies;
  const some = shown.kind === 'held' ? all.filter((sample) => sample.step < step) : all;
  if (!opened || some.length === 0) return undefined;
  const steps = some.map((sample) => sample.step);
  return {
    rows: flowOfSamples(opened.plan, some),
    steps,
    span: ONE_STEP,
    source:
      `Measured by the coordinator in ${formatQuantity(steps.length, 'step')}, ` +
      `the newest is step ${formatCount(steps[steps.length - 1])}: the mean gradient of the ` +
      'global batch, and the update Δw with all that the optimizer does.',
  };
}

function computed(study: Study): Shown | undefined {
  const { studies, kept } = study;
  const { set } = argumentOf(study);
  const { opened, parameters } = studies;
  const found = studies.result('gradients', { set });
  if (!opened || !found) return undefined;
  const { value, step } = found;
  const earlier = kept.steps.findLast((each) => each < step);
  const before = step === 0 ? undefined : earlier ? kept.parameters(earlier) : kept.initial;
  const isSame = step === studies.step;
  const span = `${formatQuantity(step - (earlier ?? 0), 'step')}`;
  const count = Math.min(GRADIENT_EXAMPLES, opened.counts[set]);
  return {
    rows: flowOfCheckpoints(opened.plan, value, isSame ? parameters : undefined, before),
    steps: [step],
    span,
    source:
      `Computed here with the parameters of step ${formatCount(step)}: the mean gradient of the ` +
      `first ${formatQuantity(count, `${set} example`)}, without dropout. A folder has no ` +
      `gradients of the run. Δw is the change in ${span}, since ` +
      `${earlier ? `the checkpoint of step ${formatCount(earlier)}` : 'the start'}.`,
  };
}

function show(study: Study, { rows, span, source }: Shown): TemplateResult {
  const { advice, sentence } = judgeFlow(rows);
  const slowest = slowestSentence(rows, span);
  const title = span === ONE_STEP ? '‖Δw‖ / ‖w‖' : `‖Δw‖ / ‖w‖ in ${span}`;
  const picture = flowPicture({
    id: 'gradient-flow',
    label: sentence,
    names: rows.map(({ name }) => name),
    columns: [
      { title: '‖∂L/∂w‖', values: rows.map(({ gradients }) => gradients) },
      { title, values: rows.map(({ updates }) => updates) },
    ],
    isShared: false,
    storyOf: (row) => storyOf(study, rows[row], span),
  });
  return html`${showPicture(picture, study.ui)}
    <p>${unbroken(`${slowest} ${advice}`)}</p>
    <p class="source">
      From the last layer to the first. ∂L/∂w is the derivative of the loss by all that a layer
      learns. On its way back, the gradient δ is multiplied by each layer’s weights and by the slope
      σ′ of its activation, which for sigmoid is at most 1/4. ${source}
    </p>`;
}

function storyOf(study: Study, row: FlowRow, span: string): string {
  const { plan } = study.studies.opened ?? {};
  const layer = plan && trainedLayers(plan).find(({ name }) => name === row.name);
  const count = layer?.tensors
    .filter(({ isAverage }) => !isAverage)
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
  const [gradient, update] = [row.gradients.at(-1), row.updates.at(-1)];
  const change = update === undefined ? '' : ` In ${span}, w changed by ${formatPart(update)}.`;
  const norm = short(gradient ?? Number.NaN);
  return `${row.name}: ‖∂L/∂w‖ is ${norm}, of ${formatCount(count ?? 0)} values.${change}`;
}
