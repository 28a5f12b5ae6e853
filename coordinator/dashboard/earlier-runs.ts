import { opendir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeModel } from '../../shared/engine/model/describe-model.ts';
import { planModel } from '../../shared/engine/model/model-plan.ts';
import { readTextFile } from '../../shared/host/read-file.ts';
import { printable } from '../../shared/printable.ts';
import { readDescription, readDone } from '../run-folder/run-description.ts';
import { CONFIG_FILE, DONE_FILE, EPOCHS_FILE } from '../run-folder/run-files.ts';
import { EpochRecord } from '../training/progress.ts';
import type { EarlierEpoch, EarlierRun } from './model/earlier-run.ts';

/*
 * The runs in the folders beside a run's own, for comparison.
 *
 * The problem. The folder above may hold anything: thousands of runs, files of any size, folders of
 * others. Reading it must not hold up the coordinator, which trains.
 *
 * The rule. Nothing is read before somebody asks. Everything that is read has a bound, and the
 * event loop turns between two files. What was read is kept until a file changes. A folder that
 * cannot be read as a run is left out.
 */

/** The newest runs, by the time of their last epoch. */
const RUNS_MAX = 12;
/** The folders that are looked at, of those beside the run's own. */
const FOLDERS_MAX = 4096;
/** The folders that are tried, because some may hold no whole run. */
const TRIED_MAX = 2 * RUNS_MAX;
const STATS_AT_ONCE = 16;
/** The epochs of a run: of more, every so many one is taken, and the last one. */
const EPOCHS_MAX = 500;
const EPOCHS_BYTES_MAX = 2 ** 21;

interface Known {
  /** Changes when a file of the run changes. */
  readonly version: string;
  /** Undefined if the folder holds no run that can be read. */
  readonly run: EarlierRun | undefined;
}

/**
 * Returns a function that reads the runs beside the one in `directory()`, newest first. Those who
 * ask at once get the same answer. It never rejects.
 */
export function createEarlierRuns(
  directory: () => string | undefined,
): () => Promise<readonly EarlierRun[]> {
  let known: ReadonlyMap<string, Known> = new Map();
  let reading: Promise<readonly EarlierRun[]> | undefined;

  async function readAll(own: string): Promise<readonly EarlierRun[]> {
    const parent = dirname(own);
    const kept = new Map<string, Known>();
    for (const name of await newestFolders(parent, basename(own))) {
      const folder = join(parent, name);
      const version = await versionOf(folder);
      const before = known.get(name);
      const run = before?.version === version ? before.run : await readRun(folder, name);
      kept.set(name, { version, run });
      if ([...kept.values()].filter((each) => each.run).length === RUNS_MAX) break;
    }
    known = kept;
    return [...kept.values()].flatMap(({ run }) => run ?? []);
  }

  return () => {
    const own = directory();
    if (own === undefined) return Promise.resolve([]);
    reading ??= readAll(own)
      .catch(() => [])
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
}

/** The names of folders that have records of epochs, those that changed last first. */
async function newestFolders(parent: string, own: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of await opendir(parent, { bufferSize: 256 })) {
    if (entry.isDirectory() && entry.name !== own) names.push(entry.name);
    if (names.length === FOLDERS_MAX) break;
  }
  const dated: { name: string; time: number }[] = [];
  for (let i = 0; i < names.length; i += STATS_AT_ONCE) {
    const times = names.slice(i, i + STATS_AT_ONCE).map(async (name) => {
      const info = await stat(join(parent, name, EPOCHS_FILE)).catch(() => undefined);
      if (info?.isFile()) dated.push({ name, time: info.mtimeMs });
    });
    await Promise.all(times);
  }
  return dated
    .sort((a, b) => b.time - a.time)
    .slice(0, TRIED_MAX)
    .map(({ name }) => name);
}

async function versionOf(folder: string): Promise<string> {
  const versions = [CONFIG_FILE, EPOCHS_FILE, DONE_FILE].map(async (file) => {
    const info = await stat(join(folder, file)).catch(() => undefined);
    return `${info?.mtimeMs} ${info?.size}`;
  });
  return (await Promise.all(versions)).join();
}

async function readRun(folder: string, name: string): Promise<EarlierRun | undefined> {
  try {
    const description = await readDescription(folder);
    if (!description) return undefined;
    const { config } = description;
    const done = await readDone(folder);
    const epochs = parseEpochs(await readTextFile(join(folder, EPOCHS_FILE), EPOCHS_BYTES_MAX));
    return {
      name: printable(name),
      model: describeModel(planModel(config.model)),
      optimizer: config.optimizer.name,
      learningRate: config.learningRate.peak,
      globalBatch: config.globalBatch,
      epochs,
      testAccuracy: done?.testAccuracy ?? null,
      ...(done?.testErrors && { testErrors: done.testErrors }),
      totalSeconds: done?.totalSeconds ?? null,
    };
  } catch {
    return undefined;
  }
}

/** Throws if a line is no record. A crash may have cut the last one short. */
function parseEpochs(text: string): EarlierEpoch[] {
  const lines = text.split('\n').slice(0, -1);
  const every = Math.ceil(lines.length / EPOCHS_MAX);
  return lines
    .filter((_, i) => i % every === every - 1 || i === lines.length - 1)
    .map((line) => {
      const { testLoss: _, ...record } = EpochRecord.parse(JSON.parse(line));
      return record;
    });
}
