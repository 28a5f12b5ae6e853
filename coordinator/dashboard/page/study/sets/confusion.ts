import { html, nothing, type TemplateResult } from 'lit-html';
import { examplesOfCell, type SetStudy } from '../../../../../shared/study/set-study.ts';
import type { StudySet } from '../../../../study/study-answer.ts';
import { formatQuantity } from '../../format.ts';
import type { Panel } from '../../panel/panel.ts';
import { type Canvas, pointedPart, showPicture } from '../../panel/picture.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import { unbroken } from '../../unbroken.ts';
import { classesOf, numberOf } from '../access.ts';
import { confidenceText } from '../confidence-text.ts';
import type { Study } from '../study.ts';
import { drawConfusion } from './confusion-drawing.ts';
import {
  type Cell,
  type ConfusionModel,
  cellAt,
  cellBeside,
  cellStory,
  confusionModel,
  confusionSentence,
  confusionTable,
  firstCell,
  gridHeight,
} from './confusion-model.ts';
import { examplePictures } from './example-pictures.ts';
import { once } from './once.ts';
import { scatterPicture, scatterSentence, scatterTable } from './scatter.ts';
import { setChoice, shownSet, whichExamples } from './set-choice.ts';

/** So many pictures of a cell are shown at first, and more each time. */
const PICTURES = 16;

/** Which classes the net takes for which, and the pictures of each cell. */
export const confusion = (study: Study): Panel => {
  let set: StudySet = 'test';
  let cell: Cell | undefined;
  let pictureCount = PICTURES;
  const shown = () => shownSet(study, set);
  const names = () => classesOf(study.studies);
  const model = once((found: SetStudy) => confusionModel(found, names()));
  const redraw = () => study.choose({});
  const choose = (next: Cell) => {
    cell = next;
    pictureCount = PICTURES;
    redraw();
  };

  function matrix(found: SetStudy): TemplateResult {
    const now = model(found);
    const chosen = cell ?? firstCell(now);
    const picture = pictureOf(now, chosen, choose);
    const storyOf = (each: Cell) => cellStory(now, each);
    const more = () => {
      pictureCount += PICTURES;
      redraw();
    };
    const click = () => {
      const pointed = pointedPart(picture, study.ui);
      if (pointed) choose(pointed);
    };
    const shown = { story: cellStory(now, chosen), chosen, count: pictureCount, more };
    return html`<div class="matrix">
      <div @click=${click}>${showPicture({ ...picture, storyOf }, study.ui)}</div>
      <div>${picturesOf(study, set, found, shown)}</div>
    </div>`;
  }

  function picture(found: SetStudy): TemplateResult {
    const number = numberOf(study.studies);
    if (number) return scatterPicture(found, number);
    return html`<p class="quiet">
        A row is a class, a column is what the net says. A click shows the pictures of a cell.
      </p>
      ${matrix(found)}`;
  }

  return {
    id: 'confusion',
    name: 'What the net takes for what',
    isWide: true,
    title() {
      const now = shown();
      const number = numberOf(study.studies);
      if (!now.study)
        return number ? 'How far is the net off?' : 'Which classes does the net confuse?';
      if (number) return scatterSentence(now.study.value, number, whichExamples(study, now));
      return confusionSentence(now.study.value, names(), whichExamples(study, now));
    },
    body() {
      const now = shown();
      const want = () => study.studies.want('set', { set }, set);
      const change = (next: StudySet) => {
        set = next;
        cell = undefined;
        redraw();
      };
      return html`<div ${whenSeen(want)}>
        ${setChoice(study, now, change)}
        ${now.study ? picture(now.study.value) : study.waiting('set', { set })}
      </div>`;
    },
    table() {
      const number = numberOf(study.studies);
      const found = shown().study?.value ?? NOTHING;
      return number ? scatterTable(found, number) : confusionTable(model(found));
    },
  };
};

/** What is shown of a cell. */
interface ShownCell {
  readonly story: string;
  readonly chosen: Cell;
  /** So many pictures, and how to see more. */
  readonly count: number;
  readonly more: () => void;
}

function picturesOf(
  study: Study,
  set: StudySet,
  found: SetStudy,
  { story, chosen, count, more }: ShownCell,
): TemplateResult {
  const places = examplesOfCell(found, chosen.label, chosen.prediction);
  const shownPlaces = places.slice(0, count).map((index) => ({
    set,
    index,
    lines: [confidenceText(found.confidences[index], study)],
  }));
  return html`<h3>${unbroken(story)}</h3>
    <p class="quiet">
      ${places.length === 0 ? 'No example is here.' : 'The surest predictions come first.'}
    </p>
    ${examplePictures(study, shownPlaces)}
    ${
      places.length > count
        ? html`<button @click=${more}>More of ${formatQuantity(places.length, 'picture')}</button>`
        : nothing
    }`;
}

const NOTHING: SetStudy = {
  labels: new Uint8Array(0),
  predictions: new Uint8Array(0),
  losses: new Float32Array(0),
  confidences: new Float32Array(0),
};

const keyOf = ({ label, prediction }: Cell): string => `${label} ${prediction}`;

function pictureOf(
  model: ConfusionModel,
  chosen: Cell,
  choose: (cell: Cell) => void,
): Canvas<Cell> {
  return {
    id: 'confusion',
    label: `Confusion matrix of ${model.names.length} classes. Enter shows the pictures of a cell.`,
    height: gridHeight(model, innerWidth),
    keyOf,
    find(key) {
      const [label, prediction] = key.split(' ').map(Number);
      return label < model.names.length ? { label, prediction } : undefined;
    },
    at: (x, y, width) => cellAt(model, x, y, width),
    beside: (cell, arrow) => cellBeside(model, cell, arrow),
    draw: (context, width, pointed) => drawConfusion(context, model, width, pointed, chosen),
    useKey(key, pointed) {
      if ((key !== 'Enter' && key !== ' ') || !pointed) return false;
      choose(pointed);
      return true;
    },
  };
}
