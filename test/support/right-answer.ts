import { createNaiveEngine } from '../../shared/engine/naive/naive-engine.ts';
import { answerOf, solveChallenge } from '../../shared/round/challenge.ts';
import { challengeFor } from '../../shared/round/challenge-for.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';

const answers = new Map<string, Float32Array>();

/** What a worker of this run answers to its challenge. Computed once per configuration. */
export function rightAnswer(config: RunConfig): Float32Array {
  const key = JSON.stringify(config);
  const engine = createNaiveEngine(config.numerics);
  const answer = answers.get(key) ?? answerOf(solveChallenge(engine, config, challengeFor(config)));
  answers.set(key, answer);
  return answer;
}
