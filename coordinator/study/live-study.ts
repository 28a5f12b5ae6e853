import { type Clock, sleep } from '../../shared/clock.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { ParameterServer } from '../training/parameter-server.ts';
import { keptIn } from './folder-study.ts';
import type { LayerRecorder } from './layer-recorder.ts';
import type { Snapshot, StudySource } from './study-source.ts';

/** How often somebody who waits for whole parameters looks, and how long, in ms. */
const LOOK_MS = 10;
const WAIT_MS = 5000;
/** Parameters are copied at most so often, for all pages together, in ms. */
const COPY_MS = 1000;

/** A run that trains in this process. `directory` is undefined while its folder is not open. */
export function studyLive(
  { config, server, dataset }: { config: RunConfig; server: ParameterServer; dataset: Dataset },
  directory: () => string | undefined,
  layers: Pick<LayerRecorder, 'samplesAfter'>,
  clock: Clock,
): StudySource {
  let copied: (Snapshot & { readonly at: number }) | undefined;
  const kept = () => {
    const open = directory();
    return open === undefined ? undefined : keptIn(open);
  };
  return {
    config,
    async newest(needsState = false) {
      const hasAll = () => copied && (!needsState || copied.optimizerState !== undefined);
      if (copied && hasAll() && clock.now() - copied.at < COPY_MS) return copied;
      await untilWhole(server, clock);
      if (copied?.step !== server.step || !hasAll())
        copied = { ...copyOf(server, needsState), at: clock.now() };
      return copied;
    },
    keptSteps: async () => kept()?.keptSteps() ?? [],
    async kept(step) {
      const found = kept()?.kept(step);
      if (found) return found;
      throw new LockstepError('CHECKPOINT', 'the run has no folder yet: try again');
    },
    layersAfter: (step) => ({ isMeasured: true, samples: layers.samplesAfter(step) }),
    dataset: async () => dataset,
  };
}

function copyOf({ step, parameters, optimizer }: ParameterServer, needsState: boolean): Snapshot {
  const stateOf = () =>
    Object.entries(optimizer.state).map(([name, values]) => [name, values.slice()]);
  return {
    step,
    parameters: parameters.slice(),
    optimizerState: needsState ? Object.fromEntries(stateOf()) : undefined,
  };
}

/** In the middle of an update, some of the parameters are those of the next step. */
async function untilWhole(server: ParameterServer, clock: Clock): Promise<void> {
  const startedAt = clock.now();
  const { signal } = new AbortController();
  while (!server.isWhole) {
    if (clock.now() - startedAt > WAIT_MS)
      throw new LockstepError('USAGE', 'a step is under way for long: try again later');
    await sleep(clock, LOOK_MS, signal);
  }
}
