import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Classifier,
  classifyFile,
  type FilePrediction,
  outcomeOf,
  PICTURES_MAX,
  rank,
} from '../../../../coordinator/prediction/classify-file.ts';
import { createPredictor } from '../../../../coordinator/prediction/predictor.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { grayPng } from '../../../support/png-writer.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { createToyDataset, idx } from '../../../support/toy-dataset.ts';
import { createToyRun, naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const config = toyConfig(dataset);
const predictor = createPredictor(naiveEngine, config, planModel(config.model), 1);
predictor.setParameters(createToyRun(config, dataset, 1).server.parameters);
const classifier: Classifier = { config, predictor, isInverted: false, background: undefined };
const { height, width } = dataset.shape;
const images = (count: number) =>
  Uint8Array.from(dataset.test.inputs).subarray(0, count * dataset.inputCount);

async function classify(content: Uint8Array, change: Partial<Classifier> = {}) {
  const path = join(temporaryFolder(), 'picture');
  writeFileSync(path, content);
  const predictions: FilePrediction[] = [];
  const failure = await (async () => {
    for await (const one of classifyFile(path, { ...classifier, ...change })) predictions.push(one);
  })().catch(String);
  return { predictions, failure };
}

describe('the pictures of a file', () => {
  test('are classified as the same bytes of the dataset', async () => {
    const expected = predictor.predict(images(3)).map(({ probabilities }) => probabilities);
    const { predictions } = await classify(idx([3, height, width], images(3)));
    expect(predictions.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const [i, { ranking }] of predictions.entries())
      for (const { label, probability } of ranking) expect(probability).toBe(expected[i][label]);
    const { predictions: single } = await classify(grayPng(height, width, images(1)));
    expect(single[0].ranking).toEqual(predictions[0].ranking);
    expect(single[0].index).toBeUndefined();
  });

  test('are inverted if that is asked for', async () => {
    const negative = grayPng(
      height,
      width,
      images(1).map((value) => 255 - value),
    );
    const [{ ranking }] = (await classify(negative, { isInverted: true })).predictions;
    const [positive] = (await classify(grayPng(height, width, images(1)))).predictions;
    expect(ranking).toEqual(positive.ranking);
  });

  test('look inverted only where the background of the dataset is known', async () => {
    const white = grayPng(height, width, new Uint8Array(dataset.inputCount).fill(255));
    const looks = async (background: number | undefined) =>
      (await classify(white, { background })).predictions[0].looksInverted;
    expect([await looks(undefined), await looks(0), await looks(255)]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('are at most a thousand', async () => {
    const count = PICTURES_MAX + 1;
    const { predictions, failure } = await classify(idx([count, 1, 1], new Uint8Array(count)));
    expect(predictions).toHaveLength(PICTURES_MAX);
    expect(failure).toContain('has 1001 pictures: the first 1000 are above');
  });
});

test('classes are ranked by probability, and equal ones by their order', () => {
  expect(rank([0.25, 0.5, 0.25], ['a', 'b', 'c']).map(({ name }) => name)).toEqual(['b', 'a', 'c']);
});

test('a number is said in the units of its target', () => {
  const { files } = dataset.manifest;
  const target = { name: 'price', mean: 100, deviation: 20 };
  const outcome = outcomeOf({ logits: [-0.5], probabilities: [0] }, { name: 'toy', target, files });
  expect(outcome).toEqual({ ranking: [], number: { name: 'price', value: 90 } });
});
