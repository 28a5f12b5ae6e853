import type { Panel } from '../panel/panel.ts';
import type { Ui } from '../ui.ts';
import { firstLesson } from './lessons/lesson-state.ts';
import { lessons } from './lessons/lessons.ts';
import { loadStudyStyle } from './study-style.ts';

/** The lesson that leads through these panels of the cluster; none if there is none. */
export function clusterLesson(panels: readonly Panel[], ui: Ui): readonly Panel[] {
  if (!firstLesson(location.search).lesson?.isOfCluster) return [];
  loadStudyStyle();
  return [lessons(() => panels, ui)];
}
