import { html, type TemplateResult } from 'lit-html';
import type { RunSource } from '../connection/connection.ts';
import type { Ui } from '../ui.ts';
import type { Chosen, ChosenStudy } from './access.ts';
import { KeptCheckpoints } from './kept-checkpoints.ts';
import type { Argument, TaskName } from './lab/lab-tasks.ts';
import { WholeSets } from './sets/whole-set.ts';
import { Studies } from './studies.ts';

/** What all panels of this part of the page share. */
export interface Study extends ChosenStudy {
  readonly studies: Studies;
  readonly kept: KeptCheckpoints;
  readonly ui: Ui;
  /** The studies of whole sets. */
  readonly wholeSets: WholeSets;
  /** Instead of a result that is not there yet. */
  waiting<Name extends TaskName>(name: Name, argument: Argument<Name>): TemplateResult;
}

/** Begins to study the net of a run. */
export function createStudy(source: RunSource, ui: Ui): Study {
  const studies = new Studies(source, ui);
  let chosen: Chosen = {
    set: 'test',
    index: 0,
    isSeeking: false,
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
