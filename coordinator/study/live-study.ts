import type { Clock } from '../../shared/clock.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { ParameterServer } from '../training/parameter-server.ts';
import { keptIn } from './folder-study.ts';
import type { Snapshot, StudySource } from './study-source.ts';

/** Parameters are copied at most so often, for all pages together, in ms. */
const COPY_MS = 1000;

/** A run that trains in this process. `directory` is undefined while its folder is not open. */
export function studyLive(
  { config, server, dataset }: { config: RunConfig; server: ParameterServer; dataset: Dataset },
  directory: () => string | undefined,
  clock: Clock,
): StudySource {
  let copied: (Snapshot & { readonly at: number }) | undefined;
  const kept = () => {
    const open = directory();
    return open === undefined ? undefined : keptIn(open);
  };
  return {
    config,
    async newest() {
      if (copied && clock.now() - copied.at < COPY_MS) return copied;
      if (copied?.step !== server.step)
        copied = { step: server.step, parameters: server.copyWhole(), at: clock.now() };
      return copied;
    },
    keptSteps: async () => kept()?.keptSteps() ?? [],
    async kept(step) {
      const found = kept()?.kept(step);
      if (found) return found;
      throw new LockstepError('CHECKPOINT', 'the run has no folder yet: try again');
    },
    dataset: async () => dataset,
  };
}
