import { html, nothing, type TemplateResult } from 'lit-html';
import type { RunView } from '../../model/run-view.ts';
import type { SpeedSummary } from '../../speed/speed-summary.ts';
import { drawAxes, drawLine } from '../chart/chart-drawing.ts';
import { frameOf } from '../chart/chart-layout.ts';
import { drawing } from '../drawing/canvas.ts';
import { formatCount } from '../format.ts';
import type { Panel } from '../panel/panel.ts';
import { nextPoint, speedupSeries, speedupTable, speedupTitle } from './speedup-text.ts';

/** The speed against the number of workers, as the run happens to have them. */
export const speedup: Panel = {
  id: 'speedup',
  name: 'Speedup',
  title: speedupTitle,
  body(view) {
    const { speedup } = view;
    if (!speedup) return joining(view);
    return html`<canvas
        class="speedup"
        role="img"
        aria-label=${speedupTitle(view)}
        ${drawing((context, width, height) => drawSpeedup(context, speedup, width, height))}
      ></canvas>
      <ul class="hints">
        ${speedup.notes.map((note) => html`<li>${note}</li>`)}
      </ul>
      ${joining(view)}`;
  },
  table: speedupTable,
};

function drawSpeedup(
  context: CanvasRenderingContext2D,
  speedup: SpeedSummary,
  width: number,
  height: number,
): void {
  const { to, top, ideal, law, sure, doubtful } = speedupSeries(speedup);
  const frame = frameOf(
    {
      x: { from: 0, to, textsOf: (ticks) => ticks.map(formatCount), title: 'workers', sizeMin: 1 },
      y: { from: 0, to: top, textsOf: (ticks) => ticks.map(formatCount), title: 'examples/s' },
      height,
      left: 72,
    },
    width,
  );
  drawAxes(context, frame);
  drawLine(context, frame, ideal, { color: '--quiet', width: 1.5, dash: [6, 5] });
  drawLine(context, frame, law, { color: '--ink', width: 1.5 });
  drawLine(context, frame, sure, { color: '--accent', width: 0, radius: 4.5 });
  drawLine(context, frame, doubtful, { color: '--accent', width: 0, radius: 4, fill: '--paper' });
}

function joining(view: RunView): TemplateResult {
  const next = nextPoint(view);
  if (!next) return html``;
  const command = `npx lockstep worker ${location.origin.replace(/^http/, 'ws')}`;
  return html`<p class="hint">
    ${next.text} ${next.hasCommand ? html`<code>${command}</code>` : nothing}
  </p>`;
}
