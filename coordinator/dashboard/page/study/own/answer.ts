import { html, type TemplateResult } from 'lit-html';
import type { ExampleStudy } from '../../../../../shared/study/example-study.ts';
import { drawing } from '../../drawing/canvas.ts';
import { formatCount, formatPercent } from '../../format.ts';
import { type FiringLayer, firingLayers } from './firing.ts';
import { drawFiring } from './firing-drawing.ts';

/** What the net says to an image: its outputs, and which units fire. */
export function answerTo(study: ExampleStudy, names: readonly string[]): TemplateResult {
  return html`<div class="outputs" role="img" aria-label=${outputsText(study, names)}>
      ${names.map((name, i) => outputRow(name, study.outputs[i], i === study.prediction))}
    </div>
    <div class="firing">${firingRows(firingLayers(study))}</div>`;
}

const outputsText = ({ outputs }: ExampleStudy, names: readonly string[]): string =>
  `Outputs: ${names.map((name, i) => `${name} ${outputs[i].toFixed(4)}`).join(', ')}`;

function outputRow(name: string, output: number, isMost: boolean): TemplateResult {
  const part = Math.max(0, Math.min(1, output));
  return html`<span class=${isMost ? 'most' : ''}>${name}</span>
    <span class="track"><i .style=${`width: ${100 * part}%`}></i></span>
    <span>${output.toFixed(4)}</span>`;
}

function firingRows(layers: readonly FiringLayer[]): TemplateResult {
  if (layers.length === 0)
    return html`<p class="quiet">This net has no hidden layer, so no units between.</p>`;
  return html`${layers.map((layer) => {
    const text = firingText(layer);
    return html`<p>${text}</p>
      <canvas
        role="img"
        aria-label=${text}
        ${drawing((context, width, height) => drawFiring(context, layer, width, height))}
      ></canvas>`;
  })}`;
}

function firingText({ name, values, firing, strongest }: FiringLayer): string {
  const list = strongest.map(({ unit, value }) => `${unit} (${value.toFixed(2)})`).join(', ');
  return (
    `${name}: ${formatCount(firing)} of ${formatCount(values.length)} units fire, ` +
    `${formatPercent(firing / values.length, 0)}. The strongest: ${list}.`
  );
}
