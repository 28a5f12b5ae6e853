import { html, nothing, type TemplateResult } from 'lit-html';
import type { RunView } from '../../model/run-view.ts';
import type { RunSource } from '../connection/connection.ts';
import { colorOf } from '../drawing/colors.ts';
import { isStudy } from '../subject.ts';
import { unbroken } from '../unbroken.ts';
import { crewText, type Message, messageOf, progressText, stateWord } from './strip-text.ts';
import { chooseTheme, chosenTheme, THEMES, type Theme } from './theme.ts';

/** The lines that are always there: the state, how far it is, and what people should know now. */
export function strip(source: RunSource, view: RunView, draw: () => void): TemplateResult {
  const { state } = source;
  const { status, facts } = view;
  const { word, kind } = stateWord(view, state);
  const message = messageOf(view, state, performance.now(), workerFlags(source));
  return html`<header class="strip">
    <div class="row">
      <h1><span aria-hidden="true">▲</span> Lockstep</h1>
      ${subjects()}
      <p class="state ${kind}">${word}</p>
      <p class="progress">${progressText(view, state)}</p>
      ${facts?.hasCluster && !status?.end ? crew(view) : nothing} ${themeChoice(draw)}
    </div>
    ${
      status && facts
        ? html`<progress
            class=${kind}
            max=${Math.max(1, facts.stepCount)}
            value=${status.step}
            aria-label="Steps done"
          ></progress>`
        : nothing
    }
    <div class="message ${message?.isWarning ? 'warning' : ''}">
      <span role="status">${unbroken(message?.text ?? '')}</span>
      ${message ? details(message) : nothing}
    </div>
  </header>`;
}

/** The two parts of the page. */
const subjects = (): TemplateResult =>
  html`<nav class="subjects" aria-label="Subjects">
    <a href="?" aria-current=${isStudy() ? 'false' : 'page'}>Cluster</a>
    <a href="?learning" aria-current=${isStudy() ? 'page' : 'false'}>Learning</a>
  </nav>`;

const details = ({ ticking, command }: Message): TemplateResult =>
  html`${ticking === undefined ? nothing : html`<span>${ticking}</span> `}${
    command ? html`<code>${command}</code>` : nothing
  }`;

/** A dot per worker in its color: hollow if it is late, pale if it computes nothing. */
function crew(view: RunView): TemplateResult {
  const dots = view.status?.workers ?? [];
  return html`<p class="crew">
    <span class="dots" aria-hidden="true"
      >${dots.map(
        ({ rank, name, state }) =>
          html`<i
            class=${state}
            title="rank ${rank} (${name}): ${state}"
            .style=${`--worker: ${colorOf(rank)}`}
          ></i>`,
      )}</span
    >
    ${crewText(view)}
  </p>`;
}

function themeChoice(draw: () => void): TemplateResult {
  const now = chosenTheme();
  const choose = (event: Event) => {
    chooseTheme((event.target as HTMLSelectElement).value as Theme);
    draw();
  };
  return html`<select class="theme" aria-label="Theme" @change=${choose}>
    ${THEMES.map(
      (theme) =>
        html`<option value=${theme} ?selected=${theme === now}>${THEME_NAMES[theme]}</option>`,
    )}
  </select>`;
}

const THEME_NAMES: Readonly<Record<Theme, string>> = {
  system: 'system theme',
  light: 'light',
  dark: 'dark',
};

/** What a worker's command needs to join here: the address of this page, and a token. */
function workerFlags({ hasToken }: RunSource): string {
  const { protocol, host, pathname } = location;
  const address = `${protocol.replace('http', 'ws')}//${host}${pathname.replace(/\/$/, '')}`;
  return hasToken ? `${address} --token TOKEN` : address;
}
