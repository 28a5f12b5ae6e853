import type { RunSource } from '../connection/connection.ts';
import type { Ui } from '../ui.ts';
import { firstStepOf, stepAfter } from './rewind-steps.ts';

/** The shown step changes so often while it plays; less often for people who want less motion. */
const PLAY_MS = 125;
const CALM_PLAY_MS = 1000;
/** The moments of a run that goes on are asked for again after this time. */
const MOMENTS_MS = 5000;

/** Lets the page show the run as it was, and go on from there by itself. */
export interface Rewind {
  /** Call it after each drawing. */
  update(): void;
}

export function createRewind(source: RunSource, ui: Ui): Rewind {
  let timer: ReturnType<typeof setInterval> | undefined;
  let playedAt = 0;
  /** The shown step with its fraction, while it plays. */
  let exact = 0;
  let askedAt = Number.NEGATIVE_INFINITY;

  function play(): void {
    const { shownStep, playSeconds } = ui.choices;
    const { view } = source;
    const range = { first: firstStepOf(view), last: view.status?.step ?? 0 };
    if (shownStep === null || Math.floor(exact) !== shownStep) exact = shownStep ?? range.first;
    const now = performance.now();
    const next = stepAfter(exact, range, (now - playedAt) / 1000 / playSeconds);
    playedAt = now;
    if (next === null) return ui.change({ shownStep: null, isPlaying: false });
    exact = next;
    ui.change({ shownStep: Math.floor(next) });
  }

  function loadMoments(shownStep: number): void {
    const newest = source.view.moments.at(-1);
    const now = performance.now();
    if ((newest && newest.step >= shownStep) || now - askedAt < MOMENTS_MS) return;
    askedAt = now;
    // Without moments, the curves still go back.
    source.loadMoments().catch(() => {});
  }

  return {
    update() {
      const { isPlaying, shownStep } = ui.choices;
      if (shownStep !== null) loadMoments(shownStep);
      if (isPlaying === (timer !== undefined)) return;
      clearInterval(timer);
      timer = undefined;
      if (!isPlaying) return;
      playedAt = performance.now();
      exact = Number.NaN;
      const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
      timer = setInterval(play, isCalm ? CALM_PLAY_MS : PLAY_MS);
    },
  };
}
