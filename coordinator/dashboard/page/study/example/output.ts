import { html, type TemplateResult } from 'lit-html';
import type { ExampleStudy } from '../../../../../shared/study/example-study.ts';
import type { Panel } from '../../panel/panel.ts';
import { tableFrom } from '../../panel/table.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import type { Study } from '../study.ts';

/** Output against desired, for one example. */
export const output = (study: Study): Panel => {
  const argument = () => ({ set: 'test', index: study.chosen.index }) as const;
  const found = () => study.studies.result('example', argument());
  const namesOf = () => study.studies.opened?.config.dataset.classNames ?? [];
  return {
    id: 'output',
    name: 'Output against desired',
    title() {
      const result = found();
      return result ? sentenceOf(result.value, namesOf()) : 'Which output is to decrease most?';
    },
    body() {
      const result = found();
      return html`<div ${whenSeen(() => study.studies.want('example', argument(), 'test'))}>
        ${result ? rows(result.value, namesOf()) : study.waiting('example', argument())}
      </div>`;
    },
    table() {
      const { outputs, targets } = found()?.value ?? { outputs: [], targets: [] };
      const subjects = [...outputs].map((value, i) => ({ value, i, target: targets[i] }));
      return tableFrom(subjects, [
        ['class', ({ i }) => namesOf()[i]],
        ['output', ({ value }) => value],
        ['desired', ({ target }) => target],
        ['difference', ({ value, target }) => value - target],
      ]);
    },
  };
};

function sentenceOf({ outputs, label }: ExampleStudy, names: readonly string[]): string {
  const wrong = [...outputs].map((value, i) => (i === label ? Number.NEGATIVE_INFINITY : value));
  const worst = wrong.indexOf(Math.max(...wrong));
  return `“${names[worst]}” is to decrease most: its output is ${outputs[worst].toFixed(2)}.`;
}

function rows({ outputs, targets }: ExampleStudy, names: readonly string[]): TemplateResult {
  const order = [...outputs.keys()].sort(
    (a, b) => Math.abs(outputs[b] - targets[b]) - Math.abs(outputs[a] - targets[a]),
  );
  return html`<div class="nudges">
    ${order.map(
      (i) => html`<span>${names[i]}</span>
        <meter min="0" max="1" value=${outputs[i]}></meter>
        <span>${outputs[i].toFixed(4)}</span>
        <span>${targets[i]}</span>
        <span>${outputs[i] > targets[i] ? '▼' : '▲'}</span>`,
    )}
  </div>`;
}
