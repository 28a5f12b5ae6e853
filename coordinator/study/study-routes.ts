import { bytesOf } from '../../shared/bytes.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import { splitTrainingSet } from '../../shared/data/sampler.ts';
import { LockstepError } from '../../shared/errors.ts';
import { indicesTo } from '../../shared/random.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { BinaryAnswer, Route, Routes } from '../port/answers/answers.ts';
import { STUDY_SETS, type StudyAnswer, type StudySet } from './study-answer.ts';
import type { StudySource } from './study-source.ts';

/** The inputs of one answer, in bytes. */
const INPUT_BYTES_MAX = 2 ** 24;

/**
 * What the page studies the net of a run with. They cost nothing while nobody asks.
 *
 * - `GET /api/study`: the configuration, the steps with a checkpoint, the sizes of the sets
 * - `GET /api/parameters`: the newest parameters, as float32 values in little-endian order. With
 *   `step=STEP`, those of a checkpoint. The header `lockstep-step` has their step. With `state=1`,
 *   the tensors of the optimizer follow, in the order of `STATE_NAMES`.
 * - `GET /api/examples?set=SET&from=INDEX&count=COUNT`: of each example its label and its index in
 *   the dataset (uint32, little-endian), and then the pixels of all examples. Targets and features
 *   are float32 instead. Instead of `from` and
 *   `count`, `indices=INDEX,INDEX,…` names them.
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
  const dataset = await source.dataset();
  const sets = setsOf(source.config, dataset);
  const answer: StudyAnswer = {
    config: source.config,
    kind: dataset.kind,
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
  const needsState = query.get('state') === '1';
  const { step, parameters, optimizerState } =
    given === null
      ? await source.newest(needsState)
      : await source.kept(wholeNumber(given, 'step'));
  const state = needsState ? Object.values(optimizerState ?? {}) : [];
  return {
    body: needsState ? Buffer.concat([parameters, ...state].map(bytesOf)) : bytesOf(parameters),
    headers: {
      etag: needsState ? `"${step} state"` : `"${step}"`,
      'lockstep-step': String(step),
    },
  };
}

async function examples(source: StudySource, query: URLSearchParams): Promise<BinaryAnswer> {
  const name = STUDY_SETS.find((each) => each === query.get('set'));
  if (!name)
    throw new LockstepError(
      'USAGE',
      `set=${query.get('set')} is no set: use ${STUDY_SETS.join(', ')}`,
    );
  const dataset = await source.dataset();
  const { train, test, inputCount } = dataset;
  const set = name === 'test' ? test : train;
  const valueBytes = set.inputs.BYTES_PER_ELEMENT;
  const all = setsOf(source.config, dataset)[name];
  const indices = indicesIn(
    all,
    query,
    Math.max(1, Math.floor(INPUT_BYTES_MAX / (inputCount * valueBytes))),
  );
  const words = new Uint32Array(2 * indices.length);
  const labels = new Float32Array(words.buffer);
  const inputs = new (set.inputs instanceof Float32Array ? Float32Array : Uint8Array)(
    indices.length * inputCount,
  );
  for (const [i, index] of indices.entries()) {
    if (set.labels instanceof Float32Array) labels[2 * i] = set.labels[index];
    else words[2 * i] = set.labels[index];
    words[2 * i + 1] = index;
    const values = set.inputs.subarray(index * inputCount, (index + 1) * inputCount);
    inputs.set(values, i * inputCount);
  }
  return { body: Buffer.concat([words, inputs].map(bytesOf)), headers: {} };
}

/** The chosen examples of a set, as indices into their part of the dataset. */
function indicesIn(set: Uint32Array, query: URLSearchParams, countMax: number): Uint32Array {
  const list = query.get('indices');
  const places = list?.split(',').map((text) => wholeNumber(text, 'indices'));
  const from = wholeNumber(query.get('from') ?? '0', 'from');
  const count = places?.length ?? wholeNumber(query.get('count') ?? '1', 'count');
  if (count > countMax)
    throw new LockstepError(
      'USAGE',
      places
        ? `indices has ${count} of them, which is too much: ask for ${countMax} at most`
        : `count=${count} is too much: ask for ${countMax} at most`,
    );
  if (!places) return set.subarray(from, from + count);
  const beyond = places.find((place) => place >= set.length);
  if (beyond === undefined) return Uint32Array.from(places, (place) => set[place]);
  throw new LockstepError(
    'USAGE',
    `indices has ${beyond}, but the set has ${set.length} examples: count from 0`,
  );
}

function wholeNumber(text: string, name: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new LockstepError('USAGE', `${name}=${text} is no whole number`);
}
