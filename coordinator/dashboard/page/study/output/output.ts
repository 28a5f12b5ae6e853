import { html, nothing, type TemplateResult } from 'lit-html';
import { classNamesOf } from '../../../../../shared/data/target.ts';
import type { RunConfig } from '../../../../../shared/round/run-config.ts';
import { formatCount } from '../../format.ts';
import type { Panel } from '../../panel/panel.ts';
import { tableFrom } from '../../panel/table.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import { unbroken } from '../../unbroken.ts';
import { classesOf } from '../access.ts';
import { examplePicture } from '../example/example-picture.ts';
import type { Study } from '../study.ts';
import { outputRows } from './output-rows.ts';
import {
  createOutputState,
  type OutputActions,
  type OutputState,
  STEPS_MAX,
} from './output-state.ts';
import { answerText, bySize, choicesOf, nudgeText, outputTitle, WHY } from './output-text.ts';

/** Output against desired, for one example. */
export function output(study: Study): Panel {
  const { studies } = study;
  const { look, ...actions } = createOutputState(study);
  const namesOf = () => classesOf(studies);
  return {
    id: 'output',
    name: 'Output against desired',
    isWide: true,
    title() {
      const { differences, isOpen } = look();
      if (differences.length === 0) return 'The outputs are being computed.';
      return isOpen ? 'Which output is to decrease most?' : outputTitle(differences, namesOf());
    },
    body() {
      const state = look();
      const { argument, differences, isOpen, nudged } = state;
      const config = studies.opened?.config;
      if (differences.length === 0 || !config)
        return html`<div ${whenSeen(actions.want)}>${study.waiting('example', argument)}</div>`;
      const text = isOpen
        ? question(state, namesOf(), actions)
        : explanation(state, config, actions);
      const shown = isOpen ? differences : bySize(differences);
      return html`<div class="against" ${whenSeen(actions.want)}>
        ${examplePicture(study)}
        <div>${text}</div>
        <div>${outputRows(shown, namesOf(), isOpen, nudged?.after)}</div>
      </div>`;
    },
    table() {
      const { differences, nudged } = look();
      return tableFrom(bySize(differences), [
        ['class', ({ label }) => namesOf()[label]],
        ['output', ({ output }) => output],
        ['desired', ({ target }) => target],
        ['δ = output − desired', ({ delta }) => delta],
        ['output after the steps', ({ label }) => nudged?.after[label] ?? null],
      ]);
    },
  };
}

/** Two of them must not look alike. */
const choiceNumber = (output: number): string =>
  output < 1e-6
    ? output.toExponential(1)
    : String(Number(output.toPrecision(output < 1e-3 ? 2 : 3)));

const question = (
  { differences, askedAt }: OutputState,
  names: readonly string[],
  { tell, follow }: OutputActions,
): TemplateResult =>
  html`${ofOlderNet(askedAt, follow)}
    <p>Each output is to come nearer to its target. Choose the one furthest above it:</p>
    <div class="controls choices">
      ${choicesOf(differences).map(
        ({ label, output }) => html`<button @click=${() => tell(label)}>
          ${names[label]}: ${choiceNumber(output)}
        </button>`,
      )}
      <button class="quiet" @click=${() => tell(undefined)}>Just tell me, from now on</button>
    </div>`;

/** What is said of outputs that hold still while the run goes on. */
const ofOlderNet = (askedAt: number | undefined, follow: () => void) =>
  askedAt === undefined
    ? nothing
    : html`<p class="hint">
        These are the outputs after step ${formatCount(askedAt)}. They hold still for you.
        <button class="quiet" @click=${follow}>Show the newest</button>
      </p>`;

function explanation(
  state: OutputState,
  { loss, labelSmoothing, dataset }: RunConfig,
  actions: OutputActions,
): TemplateResult {
  const { differences, chosen, askedAt } = state;
  return html`${ofOlderNet(askedAt, actions.follow)}
    <p aria-live="polite">${answerText(differences, chosen, classNamesOf(dataset))}</p>
    <p class="quiet">
      ${unbroken(WHY[loss])}
      ${
        labelSmoothing > 0
          ? 'The run itself trains with smoothed targets, which are not quite 0 and 1.'
          : nothing
      }
    </p>
    ${stepControls(state, actions)}`;
}

function stepControls(
  { stepCount, nudged, rate, rates }: OutputState,
  { take, useRate }: OutputActions,
) {
  const isFull = stepCount >= STEPS_MAX;
  const chooseRate = ({ target }: Event) => useRate(Number((target as HTMLSelectElement).value));
  return html`<div class="controls steps">
      <label
        >η
        <select aria-label="Learning rate η" @change=${chooseRate}>
          ${rates.map(
            (each, i) => html`<option value=${each} ?selected=${each === rate}>
              ${each}${i === 1 ? ', as in the run' : nothing}
            </option>`,
          )}
        </select></label
      >
      <button ?disabled=${isFull} @click=${() => take(1)}>Take one step on this example</button>
      <button ?disabled=${isFull} @click=${() => take(10)}>Take ten</button>
      <button ?disabled=${stepCount === 0} @click=${() => take(-stepCount)}>Reset</button>
    </div>
    <p aria-live="polite">${nudged ? unbroken(nudgeText(nudged.losses, rate)) : nothing}</p>`;
}
