import { isRegression } from '../../../../shared/data/target.ts';
import type { RunSource } from '../connection/connection.ts';
import { curves } from '../learning/curves.ts';
import type { Panel } from '../panel/panel.ts';
import type { Ui } from '../ui.ts';
import { backward } from './example/backward.ts';
import { features } from './features/features.ts';
import { fresh } from './flow/fresh.ts';
import { gradientFlow } from './flow/gradient-flow.ts';
import { lessons } from './lessons/lessons.ts';
import { output } from './output/output.ts';
import { overview } from './overview/overview.ts';
import { own } from './own/own.ts';
import { confusion } from './sets/confusion.ts';
import { hardest } from './sets/hardest.ts';
import { createStudy, type Study } from './study.ts';
import { loadStudyStyle } from './study-style.ts';
import {
  needsClassesToCount,
  needsClassesToTell,
  needsFewClasses,
  needsGrayImages,
  suited,
  type WhyNot,
} from './suited.ts';
import { units } from './units/units.ts';
import { breakIt } from './what-if/break.ts';
import { whatIf } from './what-if/what-if.ts';

/** The panels that show how the net of a run learns, in the order of the page. */
export function createStudyPanels(source: RunSource, ui: Ui): readonly Panel[] {
  loadStudyStyle();
  const study = createStudy(source, ui);
  const panels = [
    ...[overview, suitedTo(output, needsFewClasses), backward, gradientFlow, fresh],
    ...[
      units,
      suitedTo(features, needsClassesToTell),
      suitedTo(confusion, needsFewClassesOrNumber),
    ],
    ...[hardest, suitedTo(own, needsGrayImages), suitedTo(breakIt, needsClassesToCount), whatIf],
  ];
  const all = [...panels.map((panel) => panel(study)), { ...curves, isWide: true }];
  return [lessons(() => all, ui, study), ...all];
}

const suitedTo = (panel: (study: Study) => Panel, whyNot: WhyNot) => (study: Study) =>
  suited(study, panel(study), whyNot);

/** Instead of the matrix, numbers have a scatter. */
const needsFewClassesOrNumber: WhyNot = (opened) =>
  isRegression(opened.config.dataset) ? undefined : needsFewClasses(opened);
