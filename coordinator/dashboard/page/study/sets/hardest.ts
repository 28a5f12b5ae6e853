import { html, nothing } from 'lit-html';
import { inUnit } from '../../../../../shared/data/target.ts';
import { hardestExamples, type SetStudy } from '../../../../../shared/study/set-study.ts';
import type { StudySet } from '../../../../study/study-answer.ts';
import { formatLoss, shortNumber } from '../../format.ts';
import type { Panel } from '../../panel/panel.ts';
import { tableFrom } from '../../panel/table.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import { classesOf, numberOf } from '../access.ts';
import { confidenceText } from '../confidence-text.ts';
import { asSentence } from '../sentence.ts';
import type { Study } from '../study.ts';
import { examplePictures } from './example-pictures.ts';
import { once } from './once.ts';
import { setChoice, shownSet, whichExamples } from './set-choice.ts';

const COUNT = 24;

/** The examples with the highest loss. */
export const hardest = (study: Study): Panel => {
  let set: StudySet = 'test';
  const shown = () => shownSet(study, set);
  const names = () => classesOf(study.studies);
  /** The name of a class, or a number in its unit. */
  const nameOf = (label: number): string => {
    const number = numberOf(study.studies);
    return number ? shortNumber(inUnit(number, label)) : names()[label];
  };
  const hardestOf = once((found: SetStudy) => hardestExamples(found, COUNT));
  const describe = (found: SetStudy, index: number): Hard => ({
    index,
    label: nameOf(found.labels[index]),
    prediction: nameOf(found.predictions[index]),
    confidence: found.confidences[index],
    loss: found.losses[index],
  });
  const all = () => {
    const found = shown().study?.value;
    return found ? hardestOf(found).map((index) => describe(found, index)) : [];
  };
  const choose = (next: StudySet) => {
    set = next;
    study.choose({});
  };
  return {
    id: 'hardest',
    name: 'Hardest examples',
    isWide: true,
    title() {
      const [first] = all();
      if (!first) return 'Which examples does the net get most wrong?';
      const { index, label, prediction, confidence, loss } = first;
      if (numberOf(study.studies))
        return (
          `${asSentence(set)} example ${index} is ${label}, and the net says ${prediction}: ` +
          `its loss of ${formatLoss(loss)} is the highest.`
        );
      const sure = confidenceText(confidence, study);
      const says =
        label === prediction
          ? `The net is not sure that ${set} example ${index} is ${label}`
          : `${label} is taken for ${prediction}, ${sure}, in ${set} example ${index}`;
      return `${asSentence(says)}: its loss of ${formatLoss(loss)} is the highest.`;
    },
    body() {
      const now = shown();
      const pictured = all().map((each) => ({
        set,
        index: each.index,
        lines: linesOf(study, each),
      }));
      return html`<div ${whenSeen(() => study.studies.want('set', { set }, set))}>
        ${setChoice(study, now, choose)}
        ${
          now.study
            ? html`<p class="quiet">The highest losses of ${whichExamples(study, now)}.</p>`
            : nothing
        }
        ${set === 'training' ? html`<p class="notes">${WRONG_LABELS}</p>` : nothing}
        ${now.study ? examplePictures(study, pictured) : study.waiting('set', { set })}
      </div>`;
    },
    table: () =>
      tableFrom(all(), [
        ['example', ({ index }) => index],
        ['label', ({ label }) => label],
        ['prediction', ({ prediction }) => prediction],
        ['confidence', ({ confidence }) => confidence, (value) => value.toFixed(4)],
        ['loss', ({ loss }) => loss, formatLoss],
      ]),
  };
};

interface Hard {
  readonly index: number;
  readonly label: string;
  readonly prediction: string;
  readonly confidence: number;
  readonly loss: number;
}

/** What is below the picture of an example. */
function linesOf(study: Study, { label, prediction, confidence, loss }: Hard): string[] {
  const lossText = `loss ${formatLoss(loss)}`;
  if (numberOf(study.studies)) return [label, `the net says ${prediction}`, lossText];
  const outcome = label === prediction ? 'recognized' : `taken for ${prediction}`;
  return [label, outcome, `${confidenceText(confidence, study)} · ${lossText}`];
}

const WRONG_LABELS =
  'The net has learned from these examples. If one of them still has a high loss, ' +
  'its label is often wrong.';
