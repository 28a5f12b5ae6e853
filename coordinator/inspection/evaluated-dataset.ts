import { type Dataset, describeInput, isSameShape } from '../../shared/data/dataset.ts';
import {
  coordinatorSources,
  type LoadContext,
  loadDataset,
  readManifest,
} from '../../shared/data/loading/load-dataset.ts';
import { describeShape, describeTarget } from '../../shared/data/target.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';

/**
 * The dataset on which a run's model is evaluated. Without a folder, it is the run's, which was in
 * `rememberedDir`. With a folder, it is the run's if the folder has it, or else the one that is
 * there. Throws a `DATA` error if there is none, or the model cannot take its images.
 */
export async function loadEvaluated(
  config: RunConfig,
  folder: string | undefined,
  rememberedDir: string | undefined,
  context: LoadContext,
): Promise<Dataset> {
  const sources = coordinatorSources(folder, config.dataset, rememberedDir);
  const own = loadDataset(config.dataset, sources, context);
  if (folder === undefined) return (await own).dataset;
  const { dataset } = await own.catch(async (error: unknown) => {
    if (!(error instanceof LockstepError)) throw error;
    const manifest = await readManifest(folder);
    return loadDataset(manifest, coordinatorSources(folder, manifest), context);
  });
  assertFits(dataset, config, folder);
  return dataset;
}

/** Whether it is another dataset than that of the run. */
export const isOther = ({ manifest }: Dataset, { dataset }: RunConfig): boolean =>
  manifest.files.testImages.sha256 !== dataset.files.testImages.sha256;

function assertFits(dataset: Dataset, config: RunConfig, folder: string): void {
  const { kind, shape, manifest } = dataset;
  const { input } = config.model;
  const known = describeTarget(config.dataset);
  const found = describeTarget(manifest);
  if (isSameShape(shape, input) && found === known) return;
  throw new LockstepError(
    'DATA',
    `--data-dir ${folder} has ${describeShape(kind, shape)} and ${found}, but the model takes ` +
      `${describeInput(input)} and has ${known}: give data that fit it.`,
  );
}
