import type { RunConfig } from '../../shared/round/run-config.ts';

/** Settings with so many values of their own that only their name is said. */
const LARGE: readonly string[] = ['dataset', 'model'];

/** The settings in which two configurations differ: "seed (1 and 2)", "model". */
export function configDifferences(mine: RunConfig, other: RunConfig): string[] {
  const [a, b] = [settingsOf(mine), settingsOf(other)];
  const names = [...new Set([...a.keys(), ...b.keys()])];
  return names
    .filter((name) => a.get(name) !== b.get(name))
    .map((name) =>
      LARGE.includes(name)
        ? name
        : `${name} (${a.get(name) ?? 'none'} and ${b.get(name) ?? 'none'})`,
    );
}

/** Each setting as text, by its path, such as `learningRate.peak`. */
function settingsOf(value: object, path = ''): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [key, part] of Object.entries(value)) {
    if (part === undefined) continue;
    const name = path + key;
    const isNested = typeof part === 'object' && part !== null && !LARGE.includes(name);
    if (!isNested) settings.set(name, typeof part === 'string' ? part : JSON.stringify(part));
    else for (const [inner, text] of settingsOf(part, `${name}.`)) settings.set(inner, text);
  }
  return settings;
}
