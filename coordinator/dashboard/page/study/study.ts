import { html, type TemplateResult } from 'lit-html';
import type { StudySet } from '../../../study/study-answer.ts';
import type { RunSource } from '../connection/connection.ts';
import type { Ui } from '../ui.ts';
import type { ChannelView } from './features/unit-weights.ts';
import type { WeightsName } from './flow/fresh-text.ts';
import { KeptCheckpoints } from './kept-checkpoints.ts';
import type { Argument, TaskName } from './lab/lab-tasks.ts';
import { WholeSets } from './sets/whole-set.ts';
import { Studies } from './studies.ts';

/** What all panels of this part of the page share. */
export interface Study {
  readonly studies: Studies;
  readonly kept: KeptCheckpoints;
  readonly ui: Ui;
  /** The studies of whole sets. */
  readonly wholeSets: WholeSets;
  /** What the user studies. */
  readonly chosen: Chosen;
  choose(part: Partial<Chosen>): void;
  /** Instead of a result that is not there yet. */
  waiting<Name extends TaskName>(name: Name, argument: Argument<Name>): TemplateResult;
}

export interface Chosen {
  /** The set of the example, and its place there. */
  readonly set: StudySet;
  readonly index: number;
  /** The initial weights of the fresh nets. */
  readonly weights: WeightsName;
  /** The layer whose units are shown; undefined: the first. */
  readonly layer?: string | undefined;
  /** One of these units; undefined: that with the largest weights. */
  readonly unit?: number | undefined;
  /** Whether the change of weights since the start is shown, instead of the weights. */
  readonly difference: boolean;
  readonly channelView: ChannelView;
}

/** Begins to study the net of a run. */
export function createStudy(source: RunSource, ui: Ui): Study {
  const studies = new Studies(source, ui);
  let chosen: Chosen = {
    set: 'test',
    index: 0,
    weights: 'glorot',
    difference: false,
    channelView: 'mean',
  };
  const redraw = () => ui.change({ studied: ui.choices.studied + 1 });
  return {
    studies,
    kept: new KeptCheckpoints(studies, ui),
    ui,
    wholeSets: new WholeSets(studies, redraw),
    get chosen() {
      return chosen;
    },
    choose(part) {
      chosen = { ...chosen, ...part };
      redraw();
    },
    waiting(name, argument) {
      const problem = studies.problemOf(name, argument) ?? studies.problem;
      return problem === undefined
        ? html`<p class="quiet">Computing …</p>`
        : html`<p class="warning">${problem}</p>`;
    },
  };
}
