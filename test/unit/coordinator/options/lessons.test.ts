import { expect, test } from 'vitest';
import { LESSONS, type LessonName } from '../../../../coordinator/options/lessons.ts';
import { modelFor } from '../../../../coordinator/options/model-source.ts';
import { newRunConfig } from '../../../../coordinator/options/new-run.ts';
import type { RunOptions } from '../../../../coordinator/options/run-options.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';

const dataset = createToyDataset();

test.for(Object.keys(LESSONS) as LessonName[])('the lesson %s has a run', async (name) => {
  const options: RunOptions = {
    ...{ checkpointEvery: 500, checkpointInterval: 30, audit: 0, validation: 88 },
    ...(LESSONS[name] as Partial<RunOptions>),
  };
  const config = newRunConfig(options, dataset, await modelFor(options, dataset), ['strict']);
  const hidden = config.model.layers.filter(({ type }) => type === 'dense').length - 1;
  expect(hidden).toBe(options.layers?.length ?? 2);
});
