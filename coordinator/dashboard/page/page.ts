import { html, noChange, nothing, type TemplateResult } from 'lit-html';
import type { RunView } from '../model/run-view.ts';
import { viewAt } from '../model/view-at.ts';
import { parts } from './cluster/parts.ts';
import { shares } from './cluster/shares.ts';
import { speedup } from './cluster/speedup.ts';
import { workers } from './cluster/workers.ts';
import type { RunSource } from './connection/connection.ts';
import { isDark } from './drawing/colors.ts';
import { curves } from './learning/curves.ts';
import { incidents } from './learning/incidents.ts';
import { type Panel, showPanel } from './panel/panel.ts';
import { rewindBar } from './rewind/rewind-bar.ts';
import { timeline } from './steps/timeline.ts';
import { reductionTree } from './steps/tree.ts';
import { strip } from './strip/strip.ts';
import { runText } from './strip/strip-text.ts';
import { isStudy } from './subject.ts';
import type { Choices, Ui } from './ui.ts';

/** The first panels of the cluster, in the order of the page. */
export const CLUSTER_PANELS: readonly Panel[] = [
  curves,
  reductionTree,
  shares,
  timeline,
  workers,
  parts,
  speedup,
  incidents,
];

interface Drawn {
  readonly ids: ReadonlySet<string>;
  readonly view: RunView;
  readonly choices: Choices;
  readonly look: string;
}

/** What the panels show. Undefined while they are not there. */
let drawn: Drawn | undefined;

/** The panels. When only the pointer has moved, those that it has not touched stay. */
function draws(all: readonly Panel[], view: RunView, ui: Ui): (TemplateResult | typeof noChange)[] {
  const before = drawn;
  // Panels that are loaded later were not drawn before.
  const look = `${isDark()} ${document.documentElement.dataset.printing} ${all.length}`;
  const ids = new Set(all.map(({ id }) => id));
  const now: Drawn = { ids, view, choices: ui.choices, look };
  drawn = now;
  return all.map((panel) =>
    before && isSame(panel.id, before, now) ? noChange : showPanel(panel, view, ui),
  );
}

function isSame(id: string, before: Drawn, now: Drawn): boolean {
  // A panel that was loaded meanwhile is new, even if nothing else is.
  if (!before.ids.has(id)) return false;
  if (before.view !== now.view || before.look !== now.look) return false;
  const { pointed: old, ...oldChoices } = before.choices;
  const { pointed, ...choices } = now.choices;
  if (old !== pointed && (old?.panel === id || pointed?.panel === id)) return false;
  return Object.entries(choices).every(
    ([name, choice]) => oldChoices[name as keyof typeof oldChoices] === choice,
  );
}

/** The whole page, with these panels. `draw` draws it again. */
export function page(
  panels: readonly Panel[],
  source: RunSource,
  ui: Ui,
  draw: () => void,
): TemplateResult {
  const { view: newest, state } = source;
  const { shownStep } = ui.choices;
  const view = shownStep === null ? newest : viewAt(newest, shownStep);
  const isRead = view.status !== undefined && view.status.state !== 'reading';
  const hasPanels = state.name !== 'locked' && isRead;
  if (!hasPanels) drawn = undefined;
  // Nobody joins or disturbs a recorded run.
  const shown = panels.filter(({ isOnlyLive }) => !isOnlyLive || !view.facts?.isRecorded);
  return html`<a class="skip" href="#panels">Skip to the panels</a>
    ${strip(source, view, draw)} ${hasPanels ? panelLinks(shown) : nothing}
    <main id="panels" tabindex="-1">
      ${state.name === 'locked' ? tokenForm(source, state.isWrong) : nothing}
      ${hasPanels ? html`<p class="what">${partsOf(runText(view))}</p>` : nothing}
      <div class="grid">
        ${hasPanels ? draws(shown, view, ui) : nothing}
      </div>
    </main>
    ${hasPanels && !isStudy() ? rewindBar(newest, ui) : nothing}`;
}

/** A line that is broken between its parts, and within one only where the window is too narrow. */
function partsOf(text: string): TemplateResult[] {
  const parts = text.replaceAll('\u00a0', ' ').split(' · ');
  return parts.map((part, i) => html`<span>${part}${i < parts.length - 1 ? ' ·' : ''}</span> `);
}

const panelLinks = (panels: readonly Panel[]): TemplateResult =>
  html`<nav aria-label="Panels">
    ${panels.map(linkTo)}
  </nav>`;

const linkTo = ({ id, name }: Panel): TemplateResult =>
  html`<a href="#${id}" title=${name}>${shortName(id)}</a>`;

/** The names have room for no more than one line. */
const shortName = (id: string): string =>
  id.charAt(0).toUpperCase() + id.slice(1).replace('-', ' ');

function tokenForm(source: RunSource, isWrong: boolean): TemplateResult {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement).get('token');
    if (typeof given === 'string' && given !== '') source.useToken(given.trim());
  };
  return html`<form class="alone" @submit=${submit}>
    <p role="alert" class="warning" ?hidden=${!isWrong}>
      ${isWrong ? 'This is not the token of this coordinator.' : nothing}
    </p>
    <label for="token">This coordinator asks for its token.</label>
    <input
      id="token"
      name="token"
      type="password"
      autocomplete="off"
      aria-invalid=${isWrong}
      required
    />
    <button>Open</button>
  </form>`;
}
