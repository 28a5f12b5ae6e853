import { html, nothing, type TemplateResult } from 'lit-html';
import { layersWithUnits, type NetChange } from '../../../../../shared/study/changed-net.ts';
import type { ChangedStudy, NetScore } from '../../../../../shared/study/changed-study.ts';
import { formatLoss, formatPercent } from '../../format.ts';
import type { Panel } from '../../panel/panel.ts';
import { tableFrom } from '../../panel/table.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import { classesOf } from '../access.ts';
import type { Study } from '../study.ts';
import { changedSentence } from './change-text.ts';

const SET = 'test';

/** What the user has chosen. Some of it is not used by every kind of change. */
interface Chosen {
  readonly kind: NetChange['kind'];
  /** Undefined: the first one. */
  readonly layer: string | undefined;
  readonly unit: number;
  readonly part: number;
  readonly seed: number;
}

const KINDS: readonly (readonly [NetChange['kind'], string])[] = [
  ['no-layer', 'a layer is 0'],
  ['no-unit', 'a unit is 0'],
  ['no-biases', 'no biases'],
  ['noise', 'noise on the weights'],
];
/** Standard deviations of the noise, as parts of those of the weights. */
const PARTS = [0.1, 0.3, 1, 3];

/** What a part of the net is good for: the accuracy with it and without it. */
export const breakIt = (study: Study): Panel => {
  let chosen: Chosen = { kind: 'no-biases', layer: undefined, unit: 0, part: 0.3, seed: 1 };
  const layers = () => {
    const plan = study.studies.opened?.plan;
    return plan ? layersWithUnits(plan) : [];
  };
  const change = () => changeOf(chosen, layers());
  const argument = () => ({ set: SET, change: change() }) as const;
  const found = () => study.studies.result('changed', argument())?.value;
  const names = () => classesOf(study.studies);
  const choose = (part: Partial<Chosen>) => {
    chosen = { ...chosen, ...part };
    study.choose({});
  };
  return {
    id: 'break',
    name: 'Break it',
    title() {
      const now = found();
      return now
        ? changedSentence(change(), now, SET, names())
        : 'What is left of a net without one of its parts?';
    },
    body() {
      const now = found();
      return html`<div ${whenSeen(() => study.studies.want('changed', argument(), SET))}>
        ${controls(chosen, layers(), choose)}
        <p class="quiet">A copy of the parameters is changed. The run is not.</p>
        ${now ? bars(now) : study.waiting('changed', argument())}
      </div>`;
    },
    table() {
      const now = found();
      const rows = now
        ? [
            { name: 'before', ...now.before },
            { name: 'after', ...now.after },
          ]
        : [];
      return tableFrom<NetScore & { name: string }>(rows, [
        ['the net', ({ name }) => name],
        ['accuracy', ({ accuracy }) => accuracy, (part) => formatPercent(part)],
        ['loss', ({ loss }) => loss, formatLoss],
        ['says only', ({ only }) => (only === undefined ? null : names()[only])],
      ]);
    },
  };
};

type Layers = readonly { readonly name: string; readonly units: number }[];

function changeOf({ kind, layer, unit, part, seed }: Chosen, layers: Layers): NetChange {
  const found = layers.find(({ name }) => name === layer) ?? layers[0];
  const { name, units } = found ?? { name: '', units: 1 };
  switch (kind) {
    case 'no-layer':
      return { kind, layer: name };
    case 'no-unit':
      return { kind, layer: name, unit: Math.min(unit, units - 1) };
    case 'no-biases':
      return { kind };
    case 'noise':
      return { kind, part, seed };
  }
}

function controls(
  chosen: Chosen,
  layers: Layers,
  choose: (part: Partial<Chosen>) => void,
): TemplateResult {
  const { kind, part, seed } = chosen;
  const textIn = ({ target }: Event) => (target as HTMLSelectElement | HTMLInputElement).value;
  const layer = layers.find(({ name }) => name === chosen.layer) ?? layers[0];
  const hasLayer = kind === 'no-layer' || kind === 'no-unit';
  return html`<div class="controls">
    <label
      >Change
      <select @change=${(event: Event) => choose({ kind: textIn(event) as NetChange['kind'] })}>
        ${KINDS.map(
          ([name, text]) => html`<option value=${name} ?selected=${name === kind}>${text}</option>`,
        )}
      </select></label
    >
    ${
      hasLayer
        ? html`<label
            >Layer
            <select @change=${(event: Event) => choose({ layer: textIn(event) })}>
              ${layers.map(
                ({ name }) =>
                  html`<option value=${name} ?selected=${name === layer?.name}>${name}</option>`,
              )}
            </select></label
          >`
        : nothing
    }
    ${
      kind === 'no-unit'
        ? html`<label
            >Unit
            <input
              type="number"
              min="0"
              max=${(layer?.units ?? 1) - 1}
              .value=${String(Math.min(chosen.unit, (layer?.units ?? 1) - 1))}
              @change=${(event: Event) => choose({ unit: wholeNumber(textIn(event)) })}
          /></label>`
        : nothing
    }
    ${
      kind === 'noise'
        ? html`<label
              >Of
              <select @change=${(event: Event) => choose({ part: Number(textIn(event)) })}>
                ${PARTS.map(
                  (each) =>
                    html`<option value=${each} ?selected=${each === part}>
                      ${formatPercent(each, 0)} of their spread
                    </option>`,
                )}
              </select></label
            >
            <button @click=${() => choose({ seed: seed + 1 })}>Other noise</button>`
        : nothing
    }
  </div>`;
}

const wholeNumber = (text: string): number => Math.max(0, Math.floor(Number(text)) || 0);

function bars({ before, after }: ChangedStudy): TemplateResult {
  return html`<div class="outputs">
    ${[['before', before] as const, ['after', after] as const].map(
      ([name, { accuracy }]) => html`<span>${name}</span>
        <span class="track"
          ><i class=${name === 'before' ? 'old' : ''} .style=${`width: ${100 * accuracy}%`}></i
        ></span>
        <span>${formatPercent(accuracy)}</span>`,
    )}
  </div>`;
}
