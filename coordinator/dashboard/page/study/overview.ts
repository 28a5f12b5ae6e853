import { html, nothing, type TemplateResult } from 'lit-html';
import type { Panel } from '../panel/panel.ts';
import type { Study } from './study.ts';

/** What is studied: which parameters, which example. */
export const overview = (study: Study): Panel => ({
  id: 'study',
  name: 'What is studied',
  isWide: true,
  title() {
    const { step } = study.studies;
    return step === undefined ? 'The net is being fetched.' : `The net after step ${step}.`;
  },
  body: () => html`<div class="study-bar">${controls(study)}</div>`,
});

function controls({ studies, chosen, choose }: Study): TemplateResult {
  const isHeld = studies.shown.kind === 'held';
  const count = studies.opened?.counts.test ?? 0;
  const move = (by: number) => choose({ index: (chosen.index + by + count) % count });
  if (count === 0) return html`<p class="warning">${studies.problem ?? nothing}</p>`;
  return html`<button
      aria-pressed=${isHeld}
      @click=${() => studies.show({ kind: isHeld ? 'newest' : 'held' })}
    >
      Hold this step
    </button>
    <button @click=${() => move(-1)}>Previous example</button>
    <button @click=${() => move(1)}>Next example</button>
    <span>test example ${chosen.index}</span>`;
}
