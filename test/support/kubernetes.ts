import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

export const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;

/** A resource of the Kubernetes API, as far as tests look into it; {@link problemsOf} checks the rest. */
// biome-ignore lint/suspicious/noExplicitAny: what it holds is up to its kind
export type Resource = { apiVersion: string; kind: string; metadata: { name: string }; [field: string]: any };

/** The part of kustomize that the manifests use. */
const Kustomization = z.strictObject({
  apiVersion: z.string(),
  kind: z.enum(['Kustomization', 'Component']),
  resources: z.array(z.string()).default([]),
  components: z.array(z.string()).default([]),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).default([]),
  configMapGenerator: z
    .array(z.strictObject({ name: z.string(), literals: z.array(z.string()) }))
    .default([]),
  generatorOptions: z.strictObject({ labels: z.record(z.string(), z.string()) }).optional(),
});

/**
 * The resources of a kustomization, without kubectl: as they are written, but for ConfigMaps, whose names have no hash
 * appended.
 */
export function readKustomization(path: string): Resource[] {
  if (statSync(path).isFile()) return parseResources(readFileSync(path, 'utf8'));
  const { resources, components, configMapGenerator, generatorOptions } = Kustomization.parse(
    parse(readFileSync(join(path, 'kustomization.yaml'), 'utf8')),
  );
  const configMaps = configMapGenerator.map(({ name, literals }) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, ...generatorOptions },
    data: Object.fromEntries(literals.map((literal) => literal.split(/=(.*)/s).slice(0, 2))),
  }));
  return [
    ...configMaps,
    ...[...resources, ...components].flatMap((name) => readKustomization(join(path, name))),
  ];
}

/** What `kubectl kustomize` makes of a folder. */
export function buildKustomization(path: string): Resource[] {
  const { stdout, stderr, status } = spawnSync('kubectl', ['kustomize', path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return parseResources(stdout);
}

/** The documents of a YAML file. Throws at what is not YAML, a key that is there twice for example. */
function parseResources(text: string): Resource[] {
  return parseAllDocuments(text).map((document) => {
    for (const problem of [...document.errors, ...document.warnings]) throw problem;
    return document.toJS();
  });
}

/**
 * What the schemas of the Kubernetes API find wrong with a resource. They say nothing about fields that they do not
 * know; so a field which validation never looks at is taken for misspelt.
 */
export async function problemsOf(resource: Resource): Promise<string[]> {
  const { apiVersion, kind } = resource;
  const module = `kubernetes-models/${apiVersion}/${kind}`;
  const { [kind]: Model } = await import(module);
  const seen = new Set<string>();
  const problems: string[] = [];
  try {
    Model.prototype.validate.call(watch(resource, '', seen));
  } catch (error) {
    problems.push((error as Error).message);
  }
  const unknown = pathsOf(resource, '').filter((path) => !seen.has(path));
  return [...problems, ...unknown.map((path) => `unknown field ${path}`)];
}

/** The same value; the paths of the fields that are read are added to `seen`. */
function watch<Value>(value: Value, path: string, seen: Set<string>): Value {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const field = `${path}/${String(key)}`;
      seen.add(field);
      return watch(Reflect.get(target, key), field, seen);
    },
  });
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) => {
    const fieldPath = `${path}/${key}`;
    return [fieldPath, ...pathsOf(field, fieldPath)];
  });
}
