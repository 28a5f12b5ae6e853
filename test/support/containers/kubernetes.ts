import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

export const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;

/**
 * A resource of the Kubernetes API. Its type has only a few fields that tests read.
 * {@link problemsOf} checks all fields.
 */
export type Resource = {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  // biome-ignore lint/suspicious/noExplicitAny: the type of a field depends on the kind
  [field: string]: any;
};

/** The fields of a kustomization that the manifests use. Other fields are errors. */
const Kustomization = z.strictObject({
  apiVersion: z.string(),
  kind: z.enum(['Kustomization', 'Component']),
  resources: z.array(z.string()).default([]),
  components: z.array(z.string()).default([]),
  images: z
    .array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() }))
    .default([]),
  configMapGenerator: z
    .array(z.strictObject({ name: z.string(), literals: z.array(z.string()) }))
    .default([]),
  generatorOptions: z.strictObject({ labels: z.record(z.string(), z.string()) }).optional(),
});

/**
 * Reads the resources of a kustomization without kubectl, as they are written. The names of
 * generated ConfigMaps get no hash, unlike in kubectl.
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

/** The resources that `kubectl kustomize` builds from a folder. */
export function buildKustomization(path: string): Resource[] {
  const { stdout, stderr, status } = spawnSync('kubectl', ['kustomize', path], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return parseResources(stdout);
}

/** The documents of a YAML file. Throws at invalid YAML, for example at a duplicate key. */
function parseResources(text: string): Resource[] {
  return parseAllDocuments(text).map((document) => {
    for (const problem of [...document.errors, ...document.warnings]) throw problem;
    return document.toJS();
  });
}

/**
 * The problems that the schemas of the Kubernetes API find in a resource. The schemas ignore fields
 * that they do not know. A field that validation never reads is probably misspelled, so it is a
 * problem too.
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

/** A view of the value. Adds the path of each field that is read to `seen`. */
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
