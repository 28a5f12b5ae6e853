import { html, nothing, type TemplateResult } from 'lit-html';
import type { Panel } from '../../panel/panel.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import { isStudy } from '../../subject.ts';
import type { Ui } from '../../ui.ts';
import { unbroken } from '../../unbroken.ts';
import { goOnSeeking, seekWrong } from '../seek.ts';
import type { Study } from '../study.ts';
import type { Answer, Lesson, Screen } from './lesson.ts';
import { firstLesson, goTo, type LessonState, NO_LESSON } from './lesson-state.ts';
import { lightUp, showFirst } from './spotlight.ts';
import { LESSONS } from './texts.ts';

/**
 * Guided tours through the panels of this page. A lesson about the cluster is on its page, where
 * there is no `study`.
 */
export function lessons(panelsOfPage: () => readonly Panel[], ui: Ui, study?: Study): Panel {
  const asked = firstLesson(location.search);
  if (isElsewhere(asked) && location.search.includes('lesson=')) location.replace(pageOf(asked));
  let state = isElsewhere(asked) ? NO_LESSON : asked;
  let isBegun = false;
  const change = (next: LessonState) => {
    if (isElsewhere(next)) return location.assign(pageOf(next));
    const before = state;
    state = next;
    if (study) chooseNet(study, screenOf(before), screenOf(next));
    ui.change({ studied: ui.choices.studied + 1 });
    if (screenOf(next) !== screenOf(before)) showFirst(panelsOf(next));
  };
  const see = () => {
    // The first screen comes with the page.
    if (!isBegun && (!study || study.studies.step !== undefined)) {
      isBegun = true;
      if (study) chooseNet(study, undefined, screenOf(state));
      showFirst(panelsOf(state));
    }
    if (study) goOnSeeking(study);
    lightUp(panelsOf(state));
  };
  return {
    id: 'lessons',
    name: 'Lessons',
    isWide: true,
    title: () => state.lesson?.title ?? 'Five lessons lead through this page.',
    body({ facts }) {
      const { lesson } = state;
      const panels = panelsOfPage().filter(({ isOnlyLive }) => !isOnlyLive || !facts?.isRecorded);
      return html`<div ${whenSeen(see)}>
        ${lesson ? showLesson(lesson, state, panels, change) : showList(change)}
      </div>`;
    },
  };
}

/** Whether a lesson is about the other one of the two pages. The list is on that of the net. */
const isElsewhere = ({ lesson }: LessonState): boolean =>
  (lesson?.isOfCluster ?? false) === isStudy();

const pageOf = ({ lesson }: LessonState): string => (lesson?.isOfCluster ? '?' : '?learning');

const screenOf = ({ lesson, at }: LessonState): Screen | undefined => lesson?.screens[at];

/** The panels that the shown screen speaks of, by their ids. */
const panelsOf = (state: LessonState): readonly string[] => screenOf(state)?.panels ?? [];

/** A screen about a wrong example gets one, and the net holds still for it. */
function chooseNet(study: Study, before: Screen | undefined, now: Screen | undefined): void {
  if (before === now || before?.isOfWrong === now?.isOfWrong) return;
  if (now?.isOfWrong) seekWrong(study);
  else if (study.studies.shown.kind === 'held') study.studies.show({ kind: 'newest' });
}

type Change = (state: LessonState) => void;

const showList = (change: Change): TemplateResult =>
  html`<ol class="lessons">
    ${LESSONS.map(
      (lesson) =>
        html`<li>
          <button @click=${() => change(goTo(lesson))}>${lesson.title}</button>
          <code>${unbroken(`npx lockstep train --lesson ${lesson.name} --open`)}</code>
        </li>`,
    )}
  </ol>`;

function showLesson(
  lesson: Lesson,
  state: LessonState,
  panels: readonly Panel[],
  change: Change,
): TemplateResult {
  const { at } = state;
  const { screens } = lesson;
  const screen = screens[at];
  return html`<p class="hint">
      Screen ${at + 1} of ${screens.length}. It is about a run of
      <code>${unbroken(`npx lockstep train --lesson ${lesson.name}`)}</code>.
    </p>
    <p class="lesson">${unbroken(screen.text)}</p>
    ${lookAt(screen, panels)} ${ask(state, screen, change)}
    <p class="orders">
      <button ?disabled=${at === 0} @click=${() => change(goTo(lesson, at - 1))}>Back</button>
      ${nextButton(lesson, at, change)}
      <button class="quiet" @click=${() => change(goTo(undefined))}>All lessons</button>
    </p>`;
}

/** Leads to the next screen; after the last one, to the next lesson. */
function nextButton(lesson: Lesson, at: number, change: Change): TemplateResult {
  const follower = LESSONS[LESSONS.indexOf(lesson) + 1];
  if (at < lesson.screens.length - 1)
    return html`<button @click=${() => change(goTo(lesson, at + 1))}>Next</button>`;
  return follower
    ? html`<button @click=${() => change(goTo(follower))}>Next lesson: ${follower.title}</button>`
    : html`<strong>This was the last lesson.</strong>`;
}

/** Links to the panels that a screen speaks of. A recorded run has none for its workers. */
const lookAt = (screen: Screen, panels: readonly Panel[]): TemplateResult =>
  html`<p class="look-at">
    Look at:
    ${screen.panels
      .flatMap((asked) => panels.filter(({ id }) => id === asked))
      .map(({ id, name }) => html`<a href="#${id}">${name}</a>`)}
  </p>`;

function ask(state: LessonState, screen: Screen, change: Change): TemplateResult {
  const { question, answers } = screen;
  const answer = state.chosen === undefined ? undefined : answers[state.chosen];
  return html`<fieldset class="quiz">
    <legend>${question}</legend>
    ${answers.map(
      ({ text }, chosen) =>
        html`<button
          aria-pressed=${state.chosen === chosen}
          @click=${() => change({ ...state, chosen })}
        >
          ${text}
        </button>`,
    )}
    <p role="status">${answer ? replyTo(answer) : nothing}</p>
  </fieldset>`;
}

const replyTo = ({ isRight = false, reply }: Answer): TemplateResult =>
  html`<strong>${isRight ? 'Yes.' : 'No.'}</strong> ${unbroken(reply)}`;
