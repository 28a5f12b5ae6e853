import type { Dataset } from '../../shared/data/dataset.ts';
import { splitTrainingSet } from '../../shared/data/sampler.ts';
import { LockstepError } from '../../shared/errors.ts';
import { indicesTo } from '../../shared/random.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { BinaryAnswer, Route, Routes } from '../port/answers/answers.ts';
import { STUDY_SETS, type StudyAnswer, type StudySet } from './study-answer.ts';
import type { StudySource } from './study-source.ts';

/** The pixels of one answer, in bytes. */
const PIXELS_MAX = 2 ** 24;

/**
 * What the page studies the net of a run with. They cost nothing while nobody asks.
 *
 * - `GET /api/study`: the configuration, the steps with a checkpoint, the sizes of the sets
 * - `GET /api/parameters`: the newest parameters, as float32 values in little-endian order. With
 *   `step=STEP`, those of a checkpoint. The header `lockstep-step` has their step.
 * - `GET /api/examples?set=SET&from=INDEX&count=COUNT`: of each example its label and its index in
 *   the dataset (uint32, little-endian), and then the pixels of all examples
 * - `GET /api/layers?after=STEP`: the norms of each tensor's gradient and update in some steps
 *   after STEP. The coordinator measures them, once a second, for 10 s after a request.
 */
export function studyRoutes(source: StudySource): Routes {
  return new Map<string, Route>([
    ['/api/study', () => describe(source)],
    ['/api/parameters', (query) => parameters(source, query)],
    ['/api/examples', (query) => examples(source, query)],
    ['/api/layers', (query) => JSON.stringify(source.layersAfter(stepAfter(query)))],
  ]);
}

async function describe(source: StudySource): Promise<string> {
  const sets = setsOf(source.config, await source.dataset());
  const answer: StudyAnswer = {
    config: source.config,
    keptSteps: await source.keptSteps(),
    counts: {
      test: sets.test.length,
      validation: sets.validation.length,
      training: sets.training.length,
    },
  };
  return JSON.stringify(answer);
}

/** The indices of each set's examples in their part of the dataset. */
export function setsOf(
  config: Pick<RunConfig, 'validationCount' | 'seed'>,
  { train, test }: Dataset,
): Record<StudySet, Uint32Array> {
  const { training, validation } = splitTrainingSet(
    train.count,
    config.validationCount,
    config.seed,
  );
  return { test: indicesTo(test.count), validation, training };
}

function stepAfter(query: URLSearchParams): number {
  const given = query.get('after');
  return given === null ? -1 : wholeNumber(given, 'after');
}

async function parameters(source: StudySource, query: URLSearchParams): Promise<BinaryAnswer> {
  const given = query.get('step');
  const snapshot =
    given === null ? await source.newest() : await source.kept(wholeNumber(given, 'step'));
  const { buffer, byteOffset, byteLength } = snapshot.parameters;
  return {
    body: new Uint8Array(buffer, byteOffset, byteLength),
    headers: { etag: `"${snapshot.step}"`, 'lockstep-step': String(snapshot.step) },
  };
}

async function examples(source: StudySource, query: URLSearchParams): Promise<BinaryAnswer> {
  const name = STUDY_SETS.find((each) => each === query.get('set'));
  if (!name)
    throw new LockstepError(
      'USAGE',
      `set=${query.get('set')} is no set: use ${STUDY_SETS.join(', ')}`,
    );
  const from = wholeNumber(query.get('from') ?? '0', 'from');
  const count = wholeNumber(query.get('count') ?? '1', 'count');
  const dataset = await source.dataset();
  const { train, test, inputs } = dataset;
  const set = name === 'test' ? test : train;
  if (count * inputs > PIXELS_MAX)
    throw new LockstepError(
      'USAGE',
      `count=${count} is too much: ask for ${Math.floor(PIXELS_MAX / inputs)} at most`,
    );
  const indices = setsOf(source.config, dataset)[name].subarray(from, from + count);
  const words = new Uint32Array(2 * indices.length);
  const pixels = new Uint8Array(indices.length * inputs);
  for (const [i, index] of indices.entries()) {
    words.set([set.labels[index], index], 2 * i);
    pixels.set(set.pixels.subarray(index * inputs, (index + 1) * inputs), i * inputs);
  }
  return { body: Buffer.concat([new Uint8Array(words.buffer), pixels]), headers: {} };
}

function wholeNumber(text: string, name: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new LockstepError('USAGE', `${name}=${text} is no whole number`);
}
