/** Writes the conformance vectors, which the plain kernels compute: `npm run vectors`. */
import { writeFileSync } from 'node:fs';
import { createNaiveEngine } from '../../shared/engine/naive/naive-engine.ts';
import { createVectors } from './vectors.ts';

const FOLDER = new URL('../../shared/protocol/conformance/', import.meta.url);

for (const [name, content] of Object.entries(createVectors(createNaiveEngine)))
  writeFileSync(new URL(name, FOLDER), content);
