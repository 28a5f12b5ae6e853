import type { Engine } from '../../shared/engine/engine.ts';
import { type Challenge, type Stage, solveChallenge } from '../../shared/round/challenge.ts';
import { challengeFor } from '../../shared/round/challenge-for.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { describeDifference, partsOfAnswer } from '../reduction/describe-difference.ts';

/** Tells workers whose arithmetic is not the run's, before they get a share. */
export interface NewcomerCheck {
  readonly challenge: Challenge;
  /** Why a worker with this answer may not take part; undefined if its bits are right. */
  refusalOf(answer: Float32Array): string | undefined;
}

/** Creates the check of a run. The engine computes the right answer when the first one arrives. */
export function createNewcomerCheck(engine: Engine, config: RunConfig): NewcomerCheck {
  const challenge = challengeFor(config);
  let stages: Stage[] | undefined;
  return {
    challenge,
    refusalOf(answer) {
      stages ??= solveChallenge(engine, config, challenge);
      const difference = describeDifference(partsOfAnswer(stages, answer));
      return difference && `its bits differ from those of this run: ${difference}`;
    },
  };
}
