import { html, type TemplateResult } from 'lit-html';
import type { EarlierRun } from '../../model/earlier-run.ts';
import { askJson } from '../ask-json.ts';
import { formatDuration, testText } from '../format.ts';
import type { Ui } from '../ui.ts';

/** A list of the runs beside this one, to lay each one over the curves. It is read when opened. */
export function earlierRunsList(ui: Ui): TemplateResult {
  const { earlierRuns: runs } = ui.choices;
  const onToggle = ({ target }: Event) => {
    if ((target as HTMLDetailsElement).open) void readRuns(ui);
  };
  const isNone = typeof runs === 'string' || runs.length === 0;
  const none = typeof runs === 'string' ? runs : 'No other run is in the folder above this one.';
  return html`<details class="runs" @toggle=${onToggle}>
    <summary>Other runs</summary>
    <div>${isNone ? html`<p>${none}</p>` : runs.map((run) => itemOf(run, ui))}</div>
  </details>`;
}

function itemOf(run: EarlierRun, ui: Ui): TemplateResult {
  const { name, model, optimizer, learningRate, epochs, totalSeconds } = run;
  const { shownRuns } = ui.choices;
  const toggle = () => {
    const next = new Set(shownRuns);
    if (!next.delete(name)) next.add(name);
    ui.change({ shownRuns: next });
  };
  const facts = [
    model,
    `${optimizer} ${learningRate}`,
    `${epochs.at(-1)?.epoch ?? 0} epochs`,
    testText(run) ?? 'not ended',
    ...(totalSeconds === null ? [] : [formatDuration(totalSeconds)]),
  ];
  return html`<label>
    <input type="checkbox" .checked=${shownRuns.has(name)} @change=${toggle} />
    ${name} <small>${facts.join(' · ')}</small>
  </label>`;
}

async function readRuns(ui: Ui): Promise<void> {
  const failed = ({ message }: Error) => `The other runs are not known: ${message}.`;
  const runs = askJson<readonly EarlierRun[]>(ui.ask, 'api/runs');
  ui.change({ earlierRuns: await runs.catch(failed) });
}
