import { html, nothing, type TemplateResult } from 'lit-html';
import type { RunView } from '../../model/run-view.ts';
import type { StepDetail } from '../../steps/step-detail.ts';
import type { Context } from '../drawing/brush.ts';
import { colorOf } from '../drawing/colors.ts';
import { formatCount } from '../format.ts';
import type { Panel } from '../panel/panel.ts';
import { type Picture, showLegend, showPicture } from '../panel/picture.ts';
import type { Table } from '../panel/table.ts';
import type { Choices, Ui } from '../ui.ts';
import { fatesOf } from './share-fates.ts';
import { isDisturbed, shownSteps } from './shown-steps.ts';
import { paintBar, paintMark, paintTimeline } from './timeline-drawing.ts';
import {
  barAt,
  barBeside,
  barKey,
  frameOf,
  placeBars,
  windowOf,
  zoomBy,
  zoomTo,
} from './timeline-layout.ts';
import { type Bar, type BarKind, type MarkKind, type Scene, sceneOf } from './timeline-scene.ts';
import { barStory, disturbanceTitle, timelineTitle } from './timeline-text.ts';

const id = 'timeline';

/** What every worker and the coordinator did in the last steps. */
export const timeline: Panel = {
  id,
  name: 'Timeline of the last steps',
  isWide: true,
  title: titleOf,
  body(view, ui) {
    const steps = shownSteps(view, ui.choices);
    if (steps.length === 0) return html`<p>It begins with the first step.</p>`;
    const workers = view.status?.workers ?? [];
    const ranks = workers.map(({ rank }) => rank);
    const scene = sceneOf(steps, ranks);
    const names = new Map(workers.map(({ rank, name }) => [rank, name]));
    const picture = pictureOf(scene, names, titleOf(view, ui), ui);
    const listed = ui.choices.showsDisturbed ? steps : view.disturbed;
    return html`${controls(listed, ui, scene)} ${showPicture(picture, ui)} ${legend(scene)}`;
  },
  table: tableOf,
};

function titleOf(view: RunView, { choices }: { choices: Choices }): string {
  const steps = shownSteps(view, choices);
  return (choices.showsDisturbed && disturbanceTitle(steps)) || timelineTitle(steps);
}

/** The width of the picture without the names. */
const plotWidth = ({ rows }: Scene, width: number): number =>
  width - frameOf(rows.length, width).gutter;

const middleOf = ({ fromMs, toMs }: { fromMs: number; toMs: number }) => (fromMs + toMs) / 2;

function pictureOf(
  scene: Scene,
  names: ReadonlyMap<number, string>,
  label: string,
  ui: Ui,
): Picture<Bar> {
  const { choices } = ui;
  const { bars, rows } = scene;
  const windowFor = (width: number) => windowOf(scene, plotWidth(scene, width), choices);
  return {
    id,
    label,
    height: frameOf(rows.length, 0).height,
    keyOf: barKey,
    find: (key) => bars.find((bar) => barKey(bar) === key),
    storyOf: barStory,
    at(x, y, width) {
      const frame = frameOf(rows.length, width);
      return barAt(placeBars(scene, windowFor(width), frame, width), frame, x, y);
    },
    beside(bar, arrow, width) {
      const next = barBeside(bars, bar, arrow);
      const { fromMs, toMs } = windowFor(width);
      const at = next ? middleOf(next) : toMs;
      if (at < fromMs || at > toMs)
        ui.change(zoomTo(scene, plotWidth(scene, width), choices.zoom, at, 0.5));
      return next;
    },
    draw: (context, width, pointed) =>
      paintTimeline(context, width, scene, windowFor(width), names, pointed),
    useKey(key, bar, width) {
      const { fromMs, toMs } = windowFor(width);
      const place = bar ? (middleOf(bar) - fromMs) / (toMs - fromMs) : 1;
      const by = ['-', '', '+'].indexOf(key) - 1;
      if (by === 1 || by === -1)
        ui.change(zoomBy(scene, plotWidth(scene, width), choices, by, place));
      else if (key === ' ') ui.change({ isPaused: !choices.isPaused });
      else return false;
      return true;
    },
    useWheel(event) {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const { clientWidth } = event.currentTarget as HTMLElement;
      const width = plotWidth(scene, clientWidth);
      const place = (event.offsetX - clientWidth + width) / width;
      ui.change(zoomBy(scene, width, choices, event.deltaY < 0 ? 1 : -1, place));
    },
  };
}

/** `disturbed`: steps, one of which the user may ask for, or has asked for. */
function controls(disturbed: readonly StepDetail[], ui: Ui, scene: Scene): TemplateResult {
  const { isPaused, showsDisturbed, zoom } = ui.choices;
  const button = (sign: string, label: string, act: (width: number) => void) => {
    const click = ({ currentTarget }: Event) => {
      const panel = (currentTarget as HTMLElement).closest('section');
      act(plotWidth(scene, panel?.clientWidth ?? 0));
    };
    return html`<button aria-label=${label} title=${label} @click=${click}>${sign}</button>`;
  };
  const pan = (windows: number) => (width: number) => {
    const window = windowOf(scene, width, ui.choices);
    const at = middleOf(window) + windows * (window.toMs - window.fromMs);
    ui.change(zoomTo(scene, width, zoom, at, 0.5));
  };
  const zoomIn = (by: number) => (width: number) =>
    ui.change(zoomBy(scene, width, ui.choices, by, zoom > 0 ? 0.5 : 1));
  const toggle = () => {
    const zoom = showsDisturbed ? 0 : Number.NEGATIVE_INFINITY;
    ui.change({ showsDisturbed: !showsDisturbed, zoom, back: 0 });
  };
  const again = disturbed.find(isDisturbed);
  return html`<div class="controls">
    <button @click=${() => ui.change({ isPaused: !isPaused })}>
      ${isPaused ? 'Continue' : 'Pause'}
    </button>
    ${button('−', 'Zoom out', zoomIn(-1))} ${button('+', 'Zoom in', zoomIn(1))}
    ${button('‹', 'Earlier', pan(-0.5))} ${button('›', 'Later', pan(0.5))}
    ${
      again
        ? html`<button
            aria-pressed=${showsDisturbed}
            @click=${toggle}
          >Step ${formatCount(again.step)}: a share was computed again</button>`
        : nothing
    }
  </div>`;
}

/** What the bars and marks mean, in the order of the legend. */
const TEXTS: Readonly<Partial<Record<BarKind | MarkKind, string>>> = {
  receive: 'receive parameters',
  compute: 'compute gradients',
  send: 'send sums',
  asked: 'no answer yet',
  missed: 'no answer',
  again: 'compute again for another',
  trial: 'trial of a new worker',
  audit: 'check of another’s sum',
  handout: 'hand out',
  add: 'add sums',
  update: 'update parameters',
  deadline: 'deadline',
  overdue: 'deadline, missed',
  cross: 'late or lost',
  first: 'the copy that counted',
};

const WHOLE = { x: 0, y: 2, width: 24, height: 12 };
const HALF = { ...WHOLE, y: 8, height: 6 };

function legend({ bars, marks }: Scene): TemplateResult {
  const seen = new Map([
    ...bars.map(({ kind, share }): [string, (context: Context) => void] => [
      kind,
      (context) =>
        paintBar(context, kind, kind === 'receive' ? HALF : WHOLE, colorOf(share ? 0 : null)),
    ]),
    ...marks.map(({ kind }): [string, (context: Context) => void] => [
      kind,
      (context) => paintMark(context, kind, [10, 8], 8),
    ]),
  ]);
  return showLegend(
    Object.entries(TEXTS).flatMap(([kind, text]) => {
      const draw = seen.get(kind);
      return draw ? [[text, draw]] : [];
    }),
  );
}

const PLAIN = ['round', 'step', 'rank', 'first', 'last', 'purpose', 'outcome', 'instead of rank'];
const TIMES = ['asked', 'deadline', 'receive', 'compute', 'send', 'answered', 'lost'];

function tableOf(view: RunView, { choices }: { choices: Choices }): Table {
  return {
    columns: [
      ...[...PLAIN, 'counted'].map((name) => ({ name })),
      ...TIMES.map((name) => ({ name, unit: 'ms', show: (ms: number) => ms.toFixed(2) })),
    ],
    rows: shownSteps(view, choices).flatMap((detail) =>
      fatesOf(detail).map((share) =>
        [
          detail.kind,
          detail.step,
          share.rank,
          share.lo,
          share.hi - 1,
          share.purpose,
          share.outcome,
          share.replaces?.rank ?? null,
          share.isFirst === undefined ? null : String(share.isFirst),
          share.startMs,
          share.deadlineAtMs,
          ...[share.receive, share.compute, share.send].map((span) => span && span[1] - span[0]),
          share.answeredAtMs,
          share.lostAtMs,
        ].map((cell) => cell ?? null),
      ),
    ),
  };
}
