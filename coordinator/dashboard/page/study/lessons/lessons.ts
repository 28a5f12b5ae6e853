import { html, nothing, type TemplateResult } from 'lit-html';
import type { Panel } from '../../panel/panel.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import { goOnSeeking, seekWrong } from '../seek.ts';
import type { Study } from '../study.ts';
import type { Answer, Lesson, Screen } from './lesson.ts';
import { firstLesson, goTo, type LessonState } from './lesson-state.ts';
import { lightUp, showFirst } from './spotlight.ts';
import { LESSONS } from './texts.ts';

/** Guided tours through the panels. */
export function lessons(study: Study): Panel {
  let state = firstLesson(location.search);
  let isBegun = false;
  const change = (next: LessonState) => {
    const before = state;
    state = next;
    chooseNet(study, screenOf(before), screenOf(next));
    study.choose({});
    if (screenOf(next) !== screenOf(before)) showFirst(panelsOf(next));
  };
  const see = () => {
    // The first screen comes with the page.
    if (!isBegun && study.studies.step !== undefined) {
      isBegun = true;
      chooseNet(study, undefined, screenOf(state));
    }
    goOnSeeking(study);
    lightUp(panelsOf(state));
  };
  return {
    id: 'lessons',
    name: 'Lessons',
    isWide: true,
    title: () => state.lesson?.title ?? 'Five lessons lead through this page.',
    body: () => html`<div ${whenSeen(see)}>
      ${state.lesson ? showLesson(state.lesson, state, change) : showList(change)}
    </div>`,
  };
}

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
          <code>npx lockstep train --lesson ${lesson.name} --open</code>
        </li>`,
    )}
  </ol>`;

function showLesson(lesson: Lesson, state: LessonState, change: Change): TemplateResult {
  const { at } = state;
  const { screens } = lesson;
  const screen = screens[at];
  return html`<p class="hint">
      Screen ${at + 1} of ${screens.length}. It is about a run of
      <code>npx lockstep train --lesson ${lesson.name}</code>.
    </p>
    <p class="lesson">${screen.text}</p>
    ${lookAt(screen)} ${ask(state, screen, change)}
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

/** Links to the panels that a screen speaks of. Some are on the page of the cluster. */
function lookAt({ panels }: Screen): TemplateResult {
  const links = panels.map((id) => {
    const isHere = document.getElementById(id) !== null;
    const name = document.getElementById(`${id}-name`)?.textContent ?? id;
    return html`<a href="${isHere ? '' : '?'}#${id}">${name}</a>`;
  });
  return html`<p class="look-at">Look at: ${links}</p>`;
}

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
  html`<strong>${isRight ? 'Yes.' : 'No.'}</strong> ${reply}`;
