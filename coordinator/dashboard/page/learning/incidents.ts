import { html, svg, type TemplateResult } from 'lit-html';
import {
  countOf,
  groupsOf,
  INCIDENT_GROUPS,
  type IncidentGroup,
  markOf,
} from '../../model/incident-kinds.ts';
import type { Incident } from '../../model/incident-log.ts';
import type { RunView } from '../../model/run-view.ts';
import { formatCount, formatTime } from '../format.ts';
import type { Panel } from '../panel/panel.ts';
import { type Table, tableFrom } from '../panel/table.ts';
import type { Ui } from '../ui.ts';
import { unbroken } from '../unbroken.ts';
import { incidentNotes, incidentsSentence } from './incident-sentences.ts';
import { MARK_COLORS, MARK_SHAPES } from './incident-shapes.ts';

/** The page shows so many. The CSV has all that are kept. */
const SHOWN_MAX = 100;

/** What happened, in sentences, newest first. */
export const incidents: Panel = {
  id: 'incidents',
  name: 'What happened',
  title: incidentsSentence,
  isWide: true,
  body(view, ui) {
    const { incidentGroup } = ui.choices;
    const chosen = view.incidents
      .filter(({ kind }) => incidentGroup === 'all' || groupsOf(kind).includes(incidentGroup))
      .sort((a, b) => b.revision - a.revision);
    const hidden = chosen.length - SHOWN_MAX;
    return html`<div class="controls">${filters(view, ui)}</div>
      <div class="scroll" tabindex="0" role="region" aria-label="What happened, newest first">
        <ol class="incidents">
          ${chosen.slice(0, SHOWN_MAX).map(itemOf)}
        </ol>
        ${hidden > 0 ? html`<p class="notes">${hidden} earlier ones are in the CSV.</p>` : ''}
      </div>
      <p class="notes">${unbroken(incidentNotes(view).join(' '))}</p>`;
  },
  table: (view) => incidentTable(view),
};

function filters({ incidentCounts, incidents }: RunView, ui: Ui): TemplateResult[] {
  if (incidents.length === 0) return [];
  const all = Object.values(incidentCounts).reduce((sum, count) => sum + count, 0);
  const button = (group: IncidentGroup | 'all', count: number) => html`<button
    aria-pressed=${ui.choices.incidentGroup === group}
    @click=${() => ui.change({ incidentGroup: group })}
  >
    ${group} ${formatCount(count)}
  </button>`;
  return [
    button('all', all),
    ...INCIDENT_GROUPS.map((group) => button(group, countOf(group, incidentCounts))),
  ];
}

function itemOf(incident: Incident): TemplateResult {
  const { time, step, message, count, firstTime } = incident;
  const mark = markOf(incident);
  const times = `the last of ${formatCount(count)} since ${formatTime(firstTime)}`;
  return html`<li>
    <time>${formatTime(time)}</time>
    <span>step ${formatCount(step)}</span>
    <svg viewBox="-6 -6 12 12" aria-hidden="true">
      ${mark && svg`<path fill="var(${MARK_COLORS[mark]})" d=${MARK_SHAPES[mark]} />`}
    </svg>
    <span>${unbroken(message)}${count > 1 ? html` <b>${times}</b>` : ''}</span>
  </li>`;
}

const incidentTable = ({ incidents }: RunView): Table =>
  tableFrom(incidents, [
    ['time', ({ time }) => new Date(time).toISOString()],
    ['step', ({ step }) => step, formatCount],
    ['kind', ({ kind }) => kind],
    ['times', ({ count }) => count],
    ['first time', ({ firstTime }) => new Date(firstTime).toISOString()],
    ['first step', ({ firstStep }) => firstStep, formatCount],
    ['what happened', ({ message }) => message],
  ]);
