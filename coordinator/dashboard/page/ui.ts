import type { EarlierRun } from '../model/earlier-run.ts';
import type { IncidentGroup } from '../model/incident-kinds.ts';
import type { StepsShown } from './cluster/step-columns.ts';
import { type DisturbState, NOTHING_DISTURBED } from './control/disturb-state.ts';
import { type JoinState, NOT_ASKED } from './control/join-state.ts';

/** What the user has chosen on the page. It is not part of the run. */
export interface Choices {
  readonly xAxis: 'step' | 'epoch' | 'examples' | 'seconds';
  readonly isLogX: boolean;
  readonly isLogY: boolean;
  /** The panels whose table is open, by their ids. */
  readonly openTables: ReadonlySet<string>;
  /** Whether the timeline stands still. */
  readonly isPaused: boolean;
  /** The step after which the page shows the run; null: the newest one. */
  readonly shownStep: number | null;
  /** Whether the shown step goes on by itself. */
  readonly isPlaying: boolean;
  /** How long the whole run takes then. */
  readonly playSeconds: number;
  /** Whether the bar to go back in time is there. */
  readonly isRewindOpen: boolean;
  readonly proof: ProofChoices;
  /** The runs beside this one, once the page has asked; a text says why there are none. */
  readonly earlierRuns: readonly EarlierRun[] | string;
  /** The names of those that are drawn with the curves. */
  readonly shownRuns: ReadonlySet<string>;
  readonly incidentGroup: IncidentGroup | 'all';
  /** Whether the timeline shows the newest step in which a share was computed again. */
  readonly showsDisturbed: boolean;
  /** See `Zoom` in `steps/timeline-layout.ts`. */
  readonly zoom: number;
  readonly back: number;
  /** What the user points at in the panel with this id; `key` is the panel's own name for it. */
  readonly pointed: { readonly panel: string; readonly key: string } | undefined;
  /** The steps of the charts of shares and of parts. */
  readonly stepsShown: StepsShown;
  readonly disturb: DisturbState;
  readonly join: JoinState;
  /** Rises when the panels of the net have something new. */
  readonly studied: number;
}

/** What the user compares the run with. */
export interface ProofChoices {
  /** The names of the runs beside this one; undefined before they are asked for. */
  readonly runs: readonly string[] | undefined;
  readonly answer: string;
  /** What was copied last. */
  readonly copied: string;
}

/** Asks the coordinator, with the page's token. */
export type Ask = (path: string, init?: RequestInit) => Promise<Response>;

export interface Ui {
  readonly choices: Choices;
  change(choices: Partial<Choices>): void;
  /** Forgets what the page may do, so that it is asked again. */
  forgetRights(): void;
  readonly ask: Ask;
}

export function createUi(onChange: () => void, ask: Ask): Ui {
  let choices: Choices = {
    xAxis: 'step',
    isLogX: false,
    isLogY: false,
    openTables: new Set(),
    isPaused: false,
    shownStep: null,
    isPlaying: false,
    playSeconds: 30,
    isRewindOpen: false,
    proof: { runs: undefined, answer: '', copied: '' },
    earlierRuns: [],
    shownRuns: new Set(),
    incidentGroup: 'all',
    showsDisturbed: false,
    zoom: 0,
    back: 0,
    pointed: undefined,
    stepsShown: 'all',
    disturb: NOTHING_DISTURBED,
    join: NOT_ASKED,
    studied: 0,
  };
  return {
    get choices() {
      return choices;
    },
    change(part) {
      choices = { ...choices, ...part };
      onChange();
    },
    forgetRights() {
      this.change({ disturb: NOTHING_DISTURBED, join: NOT_ASKED });
    },
    ask,
  };
}
