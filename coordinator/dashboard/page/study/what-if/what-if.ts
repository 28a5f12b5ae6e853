import { html, nothing, type TemplateResult } from 'lit-html';
import { learningRateAt } from '../../../../../shared/engine/schedules.ts';
import { strokeLines } from '../../drawing/brush.ts';
import { drawing } from '../../drawing/canvas.ts';
import type { Panel } from '../../panel/panel.ts';
import { showLegend } from '../../panel/picture.ts';
import type { OpenStudy } from '../access.ts';
import type { Study } from '../study.ts';
import { Branches, type Futures, STEPS } from './branch.ts';
import { drawFutures } from './futures-chart.ts';
import { futuresSentence, futuresTable } from './futures-text.ts';

const FACTORS = [0.1, 3, 10, 100];

/** The near future of the run, and what it were with another learning rate. */
export const whatIf = (study: Study): Panel => {
  const branches = new Branches(study.studies, () => study.choose({}));
  let factor = 10;
  /** Undefined: the newest step. */
  let chosenFrom: number | undefined;
  let isChosen = false;
  const fromOf = (opened: OpenStudy) =>
    isChosen ? chosenFrom : startWithFuture(opened, study.studies.step);
  return {
    id: 'what-if',
    name: 'Another learning rate',
    title() {
      const { futures } = branches;
      return futures
        ? futuresSentence(futures)
        : `What would ${STEPS} steps with another learning rate do from here?`;
    },
    body() {
      const { futures, problem } = branches;
      const { opened } = study.studies;
      if (!opened) return study.waiting('example', study.chosen);
      if (opened.counts.training === 0) return html`<p class="quiet">${NO_EXAMPLES}</p>`;
      const from = fromOf(opened);
      const textIn = ({ target }: Event) => (target as HTMLSelectElement).value;
      const chooseFrom = (event: Event) => {
        chosenFrom = textIn(event) === '' ? undefined : Number(textIn(event));
        isChosen = true;
        study.choose({});
      };
      return html`<div class="controls">
          <label
            >From step
            <select @change=${chooseFrom}>
              <option value="">the newest</option>
              ${opened.keptSteps.map(
                (step) => html`<option value=${step} ?selected=${step === from}>${step}</option>`,
              )}
            </select></label
          >
          <label
            >Learning rate
            <select
              @change=${(event: Event) => {
                factor = Number(textIn(event));
              }}
            >
              ${FACTORS.map(
                (each) =>
                  html`<option value=${each} ?selected=${each === factor}>× ${each}</option>`,
              )}
            </select></label
          >
          <button ?disabled=${branches.isRunning} @click=${() => void branches.train(factor, from)}>
            ${branches.isRunning ? 'Training …' : 'Train in this tab'}
          </button>
        </div>
        <p class="quiet">
          ${EXPLANATION} ${rateText(opened, from ?? study.studies.step)}
        </p>
        ${problem === undefined ? nothing : html`<p class="warning">${problem}</p>`}
        ${futures ? picture(futures) : nothing}`;
    },
    table: () => futuresTable(branches.futures),
  };
};

const EXPLANATION =
  'This tab goes on from that step with the same batches, for itself: the run does not notice. ' +
  'With × 1 it computes the bits of the run’s own future.';

const NO_EXAMPLES =
  'This page has no training examples. Open the run with “lockstep view” to train from here.';

function rateAt({ config, counts }: OpenStudy, step: number): number {
  const stepsPerEpoch = Math.ceil(counts.training / config.globalBatch);
  return learningRateAt(config.learningRate, step, stepsPerEpoch);
}

/** The newest step, or if its learning rate is 0, the last kept one that has a future. */
function startWithFuture(opened: OpenStudy, newest: number | undefined): number | undefined {
  if (newest === undefined || rateAt(opened, newest) > 0) return undefined;
  return opened.keptSteps.findLast((step) => rateAt(opened, step) > 0);
}

function rateText(opened: OpenStudy, step: number | undefined): string {
  if (step === undefined) return '';
  const rate = rateAt(opened, step);
  return rate === 0
    ? 'The schedule has ended there: the learning rate is 0. Choose an earlier step.'
    : `The learning rate of that step is ${Number(rate.toPrecision(3))}.`;
}

function picture(futures: Futures): TemplateResult {
  const line =
    (color: string, width: number, dash: number[]) => (context: CanvasRenderingContext2D) => {
      context.setLineDash(dash);
      strokeLines(context, color, width, [
        [0, 8],
        [24, 8],
      ]);
      context.setLineDash([]);
    };
  return html`${showLegend([
    ['loss with the run’s own rate', line('--right', 3, [])],
    [`loss with ${futures.factor} times the rate`, line('--wrong', 2, [7, 3])],
  ])}
    <canvas
      class="futures"
      role="img"
      aria-label=${futuresSentence(futures)}
      ${drawing((context, width, height) => drawFutures(context, futures, width, height))}
    ></canvas>`;
}
