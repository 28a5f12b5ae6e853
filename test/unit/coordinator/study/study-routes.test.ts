import { describe, expect, test } from 'vitest';
import type { BinaryAnswer } from '../../../../coordinator/port/answers/answers.ts';
import { studyRoutes } from '../../../../coordinator/study/study-routes.ts';
import type { StudySource } from '../../../../coordinator/study/study-source.ts';
import { splitTrainingSet } from '../../../../shared/data/sampler.ts';
import { checkpointAt, config } from '../../../support/toy-checkpoint.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';

const dataset = createToyDataset();
const norms = { gradientNorms: [1], updateNorms: [2], parameterNorms: [3] };
const source: StudySource = {
  config,
  newest: async () => checkpointAt(12),
  keptSteps: async () => [4, 8],
  kept: async (step) => checkpointAt(step),
  layersAfter: (step) => ({ isMeasured: true, samples: [{ step: step + 1, ...norms }] }),
  dataset: async () => dataset,
};
const routes = studyRoutes(source);
const ask = async (path: string) => {
  const [pathname, query] = path.split('?');
  return routes.get(pathname)?.(new URLSearchParams(query));
};
const floatsOf = ({ body }: BinaryAnswer) =>
  new Float32Array(body.buffer, body.byteOffset, body.byteLength / 4);

test('a study begins with configuration, kept steps and sizes of the sets', async () => {
  const { counts, ...answer } = JSON.parse((await ask('/api/study')) as string);
  const known = JSON.parse(JSON.stringify(config));
  expect(answer).toEqual({ config: known, kind: 'images', keptSteps: [4, 8] });
  expect(counts.test).toBe(dataset.test.count);
  expect(counts.validation).toBe(config.validationCount);
  expect(counts.training).toBe(dataset.train.count - config.validationCount);
});

describe('the parameters', () => {
  test('are the newest, with their step', async () => {
    const answer = (await ask('/api/parameters')) as BinaryAnswer;
    expect(floatsOf(answer)).toEqual(checkpointAt(12).parameters);
    expect(answer.headers).toEqual({ etag: '"12"', 'lockstep-step': '12' });
  });

  test('or those of a checkpoint', async () => {
    const answer = (await ask('/api/parameters?step=8')) as BinaryAnswer;
    expect(floatsOf(answer)).toEqual(checkpointAt(8).parameters);
    expect(answer.headers['lockstep-step']).toBe('8');
  });

  test.for(['/api/parameters?state=1', '/api/parameters?step=12&state=1'])(
    'and the state of the optimizer after them: %s',
    async (path) => {
      const answer = (await ask(path)) as BinaryAnswer;
      const { parameters, optimizerState } = checkpointAt(12);
      expect(floatsOf(answer)).toEqual(
        Float32Array.from([...parameters, ...optimizerState.velocity]),
      );
      expect(answer.headers).toEqual({ etag: '"12 state"', 'lockstep-step': '12' });
    },
  );
});

test.for([
  ['', 0],
  ['?after=7', 8],
] as const)('the layers%s begin with step %i', async ([query, step]) => {
  const answer = JSON.parse((await ask(`/api/layers${query}`)) as string);
  expect(answer).toEqual({ isMeasured: true, samples: [{ step, ...norms }] });
});

describe('examples', () => {
  const { training, validation } = splitTrainingSet(
    dataset.train.count,
    config.validationCount,
    config.seed,
  );

  test.for([
    ['test', dataset.test, Uint32Array.from({ length: 9 }, (_, i) => i)],
    ['validation', dataset.train, validation],
    ['training', dataset.train, training],
  ] as const)('of the %s set have labels, indices and pixels', async ([name, set, indices]) => {
    const { body } = (await ask(`/api/examples?set=${name}&from=3&count=2`)) as BinaryAnswer;
    const [a, b] = [indices[3], indices[4]];
    const words = new Uint32Array(Uint8Array.from(body.subarray(0, 16)).buffer);
    expect([...words]).toEqual([set.labels[a], a, set.labels[b], b]);
    const { inputCount: inputs } = dataset;
    expect(body).toHaveLength(16 + 2 * inputs);
    const pixels = [a, b].flatMap((i) => [...set.inputs.subarray(i * inputs, (i + 1) * inputs)]);
    expect([...body.subarray(16)]).toEqual(pixels);
  });

  test('may be named one by one', async () => {
    const { body } = (await ask('/api/examples?set=training&indices=7,0,7')) as BinaryAnswer;
    const words = new Uint32Array(Uint8Array.from(body.subarray(0, 24)).buffer);
    const indices = [7, 0, 7].map((place) => training[place]);
    expect([...words]).toEqual(indices.flatMap((index) => [dataset.train.labels[index], index]));
    expect(body).toHaveLength(24 + 3 * dataset.inputCount);
  });

  test('after the end of the set are none', async () => {
    const from = dataset.test.count - 1;
    const { body } = (await ask(`/api/examples?set=test&from=${from}&count=5`)) as BinaryAnswer;
    expect(body).toHaveLength(8 + dataset.inputCount);
  });
});

test.for([
  ['/api/examples?set=toast', 'set=toast is no set: use test, validation, training'],
  ['/api/examples', 'set=null is no set: use test, validation, training'],
  ['/api/examples?set=test&from=-1', 'from=-1 is no whole number'],
  ['/api/examples?set=test&count=1e9', 'count=1e9 is no whole number'],
  [
    '/api/examples?set=test&count=900000',
    `count=900000 is too much: ask for ${Math.floor(2 ** 24 / dataset.inputCount)} at most`,
  ],
  ['/api/examples?set=test&indices=1,,2', 'indices= is no whole number'],
  ['/api/examples?set=test&indices=0,520', 'indices has 520, but the set has 520 examples'],
  ['/api/parameters?step=x', 'step=x is no whole number'],
  ['/api/layers?after=-2', 'after=-2 is no whole number'],
])('%s is refused: %s', async ([path, message]) => {
  await expect(ask(path)).rejects.toThrow(message);
});
