import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LockstepError } from '../../shared/errors.ts';
import { createEarlierRuns } from '../dashboard/earlier-runs.ts';
import {
  describeComparison,
  describePlace,
  type HashPlace,
  lastEqual,
  type RunComparison,
} from '../dashboard/model/proof.ts';
import type { Routes } from '../port/answers/answers.ts';
import { readDescription, readDone } from '../run-folder/run-description.ts';
import { CONFIG_FILE, METRICS_FILE } from '../run-folder/run-files.ts';
import { configDifferences } from './config-differences.ts';
import { searchRecords } from './record-search.ts';

/** The runs that a page offers for comparison. */
const RUNS_MAX = 200;
/** The names in a folder that are looked at. */
const NAMES_MAX = 2000;

/**
 * `GET /api/proof`: the names of the runs in the folder beside this one. With `run=NAME`, how long
 * that run and this one were equal. With `hash=HEX`, where this run has that hash. Both also say it
 * in a `sentence`. `directory` is undefined while the folder is not open.
 */
function proofRoutes(directory: () => string | undefined): Routes {
  async function prove(query: URLSearchParams): Promise<string> {
    const mine = directory();
    if (mine === undefined)
      throw new LockstepError('USAGE', 'the run has no folder yet: try again');
    const [run, hash] = [query.get('run'), query.get('hash')];
    if (run !== null) {
      const comparison = await compareWith(mine, run);
      return JSON.stringify({ ...comparison, sentence: describeComparison(comparison, run) });
    }
    if (hash !== null) {
      const place = (await placeOf(mine, hash)) ?? null;
      return JSON.stringify({ place, sentence: describePlace(place) });
    }
    return JSON.stringify({ runs: await runsBeside(mine) });
  }
  return new Map([['/api/proof', prove]]);
}

/** What is beside a run: other runs, and how long they were equal to it. */
export function neighborRoutes(directory: () => string | undefined): Routes {
  const earlierRuns = createEarlierRuns(() => {
    const mine = directory();
    return mine === undefined ? undefined : resolve(mine);
  });
  return new Map([
    ['/api/runs', async () => JSON.stringify(await earlierRuns())],
    ...proofRoutes(directory),
  ]);
}

/** The names of the runs in the folder that this run is in, newest names first. */
export async function runsBeside(directory: string): Promise<string[]> {
  const parent = dirname(resolve(directory));
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => entry.isDirectory() && entry.name !== basename(resolve(directory)))
    .map(({ name }) => name)
    .sort()
    .reverse();
  const runs: string[] = [];
  for (const name of names.slice(0, NAMES_MAX)) {
    const isRun = await lstat(join(parent, name, CONFIG_FILE)).then(
      (info) => info.isFile(),
      () => false,
    );
    if (isRun) runs.push(name);
    if (runs.length === RUNS_MAX) break;
  }
  return runs;
}

/** Throws a `USAGE` error unless there is such a run beside this one. */
export async function compareWith(directory: string, name: string): Promise<RunComparison> {
  // The name must be one of the folder: so it is no path.
  if (!(await runsBeside(directory)).includes(name)) {
    const asked = JSON.stringify(name.slice(0, 100));
    throw new LockstepError('USAGE', `there is no run ${asked} beside this one: choose another.`);
  }
  return compareRuns(directory, join(dirname(resolve(directory)), name));
}

/** How long two runs had the same parameters after every step. */
export async function compareRuns(mine: string, other: string): Promise<RunComparison> {
  const open = (directory: string) => searchRecords(join(directory, METRICS_FILE));
  const a = await open(mine);
  try {
    const b = await open(other);
    try {
      const [endsOfA, endsOfB] = [await a.ends(), await b.ends()];
      const isEqual = async (step: number) =>
        (await a.find(step))?.chain === ((await b.find(step))?.chain ?? null);
      const first = Math.max(endsOfA?.[0].step ?? 0, endsOfB?.[0].step ?? 0);
      const last = Math.min(endsOfA?.[1].step ?? -1, endsOfB?.[1].step ?? -1);
      const equalTo = first <= last ? await lastEqual(first, last, isEqual) : null;
      return {
        // A record is of the step before its update.
        compared: first <= last ? [first + 1, last + 1] : null,
        equalTo: equalTo === null ? null : equalTo + 1,
        mine: (endsOfA?.[1].step ?? -1) + 1,
        other: (endsOfB?.[1].step ?? -1) + 1,
        mySha256: (await readDone(mine))?.parametersSha256 ?? null,
        otherSha256: (await readDone(other))?.parametersSha256 ?? null,
        differences: await differencesOf(mine, other),
      };
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

/** Null if a configuration cannot be read: that says nothing about the steps. */
async function differencesOf(mine: string, other: string): Promise<string[] | null> {
  const read = (directory: string) => readDescription(directory).catch(() => undefined);
  const [a, b] = [await read(mine), await read(other)];
  return a && b ? configDifferences(a.config, b.config) : null;
}

/** Where a run has a hash. Throws a `USAGE` error if the text is none. */
export async function placeOf(directory: string, hash: string): Promise<HashPlace | undefined> {
  const text = hash.trim().toLowerCase();
  if (!/^([0-9a-f]{64}|[0-9a-f]{32})$/.test(text)) {
    const asked = JSON.stringify(hash.slice(0, 100));
    const what = 'a chain or SHA-256 has 64 hexadecimal digits, and a fingerprint 32';
    throw new LockstepError('USAGE', `${asked} is no hash: ${what}.`);
  }
  const done = await readDone(directory);
  if (done?.parametersSha256 === text) return { kind: 'parameters', step: done.modelStep };
  const kind = text.length === 64 ? 'chain' : 'fingerprint';
  const records = await searchRecords(join(directory, METRICS_FILE));
  try {
    const record = await records.findText(`"${kind}":"${text}"`);
    return record && { kind, step: record.step + 1 };
  } finally {
    await records.close();
  }
}
