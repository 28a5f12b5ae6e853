import './dashboard.css';
import { render } from 'lit-html';
import { Connection, type RunSource } from './connection/connection.ts';
import { embeddedRun } from './connection/embedded-run.ts';
import { pauseAfter } from './pace.ts';
import { CLUSTER_PANELS, page } from './page.ts';
import type { Panel } from './panel/panel.ts';
import { createRewind } from './rewind/rewind.ts';
import { showInTab } from './strip/tab.ts';
import { followTheme } from './strip/theme.ts';
import { rememberedLesson } from './study/lesson-memory.ts';
import { isStudy } from './subject.ts';
import { createUi } from './ui.ts';

const place = document.querySelector<HTMLElement>('#dashboard');
if (!place) throw new Error('the page has no place for the dashboard');
let isAsked = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let drawnState = '';
let nextAt = 0;

/** Draws soon: many changes make one picture. */
function drawSoon(): void {
  // A hidden page gets no frames, but its title is seen.
  if (document.hidden) setTimeout(draw);
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(draw);
}

/** Draws what the coordinator has told. A change of the connection is seen at once. */
function drawNews(): void {
  clearTimeout(timer);
  const isSame = source.state.name === drawnState;
  timer = setTimeout(drawSoon, isSame ? nextAt - performance.now() : 0);
}

function draw(): void {
  isAsked = false;
  const startedAt = performance.now();
  drawnState = source.state.name;
  showInTab(source.view, source.state);
  render(page(panels, source, ui, draw), place as HTMLElement);
  rewind.update();
  const endedAt = performance.now();
  nextAt = endedAt + pauseAfter(endedAt - startedAt);
}

followTheme(() => draw());
const ui = createUi(drawSoon, (path, init) => source.request(path, init));
const source: RunSource = embeddedRun() ?? new Connection(drawNews, () => ui.forgetRights());
const rewind = createRewind(source, ui);
let panels: readonly Panel[] = isStudy() ? [] : CLUSTER_PANELS;
draw();
void loadPanels();

/** Loads the panels that are not needed at first sight. */
async function loadPanels(): Promise<void> {
  if (isStudy()) {
    const { createStudyPanels } = await import('./study/study-panels.ts');
    panels = createStudyPanels(source, ui);
  } else {
    const { CONTROL_PANELS } = await import('./control/control-panels.ts');
    panels = [...CLUSTER_PANELS, ...CONTROL_PANELS];
    panels = [...(await lessonOf(panels)), ...panels];
  }
  draw();
}

/** The lesson about these panels that this tab has begun. */
async function lessonOf(all: readonly Panel[]): Promise<readonly Panel[]> {
  if (rememberedLesson() === '') return [];
  const { clusterLesson } = await import('./study/cluster-lesson.ts');
  return clusterLesson(all, ui);
}
