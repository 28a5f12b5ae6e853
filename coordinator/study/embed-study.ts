import { readFile } from 'node:fs/promises';
import type { EmbeddedStudy, StudyAnswer } from './study-answer.ts';
import { studyRoutes } from './study-routes.ts';
import type { StudySource } from './study-source.ts';

/** So many examples of the test set are in the file. */
const EXAMPLES = 300;

/** The net of a run, for a file that needs no coordinator. Throws a `LockstepError`. */
export async function embedStudy(source: StudySource): Promise<EmbeddedStudy> {
  const routes = studyRoutes(source);
  const ask = async (path: string, query = '') => routes.get(path)?.(new URLSearchParams(query));
  const base64 = async (answer: ReturnType<typeof ask>) => {
    const found = await answer;
    return typeof found === 'object' ? Buffer.from(found.body).toString('base64') : '';
  };
  const answer: StudyAnswer = JSON.parse(String(await ask('/api/study')));
  const test = Math.min(EXAMPLES, answer.counts.test);
  const { step } = await source.newest();
  const { numerics } = source.config;
  const kernels = new URL(`../../shared/engine/assembly/${numerics}.wasm`, import.meta.url);
  return {
    answer: { ...answer, keptSteps: [], counts: { test, validation: 0, training: 0 } },
    step,
    parameters: await base64(ask('/api/parameters')),
    examples: await base64(ask('/api/examples', `set=test&from=0&count=${test}`)),
    kernels: (await readFile(kernels)).toString('base64'),
  };
}
