import { elementaryVectors, type OpenEngine, roundingVectors } from './arithmetic-vectors.ts';
import { netVectors } from './net-vectors.ts';
import { exampleVectors, randomVectors, treeVectors } from './random-vectors.ts';

/** The files of conformance vectors that an engine can compute: their names and contents. */
export function createVectors(openEngine: OpenEngine): Record<string, string> {
  const files = {
    random: randomVectors(),
    examples: exampleVectors(),
    tree: treeVectors(),
    rounding: roundingVectors(openEngine),
    elementary: elementaryVectors(openEngine),
    nets: netVectors(openEngine),
  };
  return Object.fromEntries(
    Object.entries(files).map(([name, vectors]) => [`${name}.json`, format(vectors)]),
  );
}

/** JSON with one line per vector. */
export function format(file: Record<string, unknown>): string {
  const lines = Object.entries(file).map(([name, list]) => `"${name}": ${formatList(list)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

function formatList(list: unknown): string {
  if (Array.isArray(list)) return `[\n${list.map((one) => JSON.stringify(one)).join(',\n')}\n]`;
  const lines = Object.entries(list as object).map(
    ([name, inner]) => `"${name}": ${formatList(inner)}`,
  );
  return `{\n${lines.join(',\n')}\n}`;
}
