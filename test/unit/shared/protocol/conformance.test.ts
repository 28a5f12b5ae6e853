import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createNaiveEngine } from '../../../../shared/engine/naive/naive-engine.ts';
import { openEngine } from '../../../../shared/host/load-engine.ts';
import { createVectors } from '../../../conformance/vectors.ts';

const FOLDER = new URL('../../../../shared/protocol/conformance/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');

describe.for([
  ['plain kernels', createNaiveEngine],
  ['WebAssembly', openEngine],
] as const)('%s', ([, open]) => {
  test.for(Object.entries(createVectors(open)))('computes %s', ([name, content]) => {
    expect(content === read(name), `${name} differs: is it meant? npm run vectors`).toBe(true);
  });
});
