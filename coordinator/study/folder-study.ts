import { join } from 'node:path';
import { coordinatorSources, loadDataset } from '../../shared/data/loading/load-dataset.ts';
import { LockstepError } from '../../shared/errors.ts';
import { findNewest, loadCheckpoint } from '../run-folder/find-checkpoint.ts';
import type { RunDescription } from '../run-folder/run-description.ts';
import {
  CHECKPOINT_FOLDER,
  checkpointName,
  checkpointNames,
  stepOfName,
} from '../run-folder/run-files.ts';
import type { Snapshot, StudySource } from './study-source.ts';

/** The checkpoints in a run's folder. */
export function keptIn(directory: string): Pick<StudySource, 'keptSteps' | 'kept'> {
  const steps = async () => (await checkpointNames(directory)).map(stepOfName);
  return {
    keptSteps: async () => (await steps()).sort((a, b) => a - b),
    async kept(step) {
      if (!(await steps()).includes(step))
        throw new LockstepError('CHECKPOINT', `step ${step} has no checkpoint`);
      return loadCheckpoint(join(directory, CHECKPOINT_FOLDER, checkpointName(step)));
    },
  };
}

/** A run as its folder has it. Reads the dataset when somebody asks for it. */
export function studyFolder(
  directory: string,
  { config, dataDir }: Pick<RunDescription, 'config' | 'dataDir'>,
  signal: AbortSignal,
): StudySource {
  let dataset: ReturnType<typeof load> | undefined;
  const sources = coordinatorSources(undefined, config.dataset, dataDir);
  const load = () => loadDataset(config.dataset, sources, { signal, report() {} });
  return {
    config,
    ...keptIn(directory),
    async newest(): Promise<Snapshot> {
      const found = await findNewest(directory);
      if (found) return found.checkpoint;
      throw new LockstepError('CHECKPOINT', 'the run has no checkpoint yet: try again later');
    },
    layersAfter: () => ({ isMeasured: false, samples: [] }),
    async dataset() {
      dataset ??= load();
      // What is missing now may be there later.
      dataset.catch(() => {
        dataset = undefined;
      });
      return (await dataset).dataset;
    },
  };
}
