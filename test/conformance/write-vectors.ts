/** Writes the conformance vectors, which the plain kernels compute: `npm run vectors`. */
import { writeFileSync } from 'node:fs';
import { createNaiveEngine } from '../../shared/engine/naive/naive-engine.ts';
import { createVectors } from './vectors.ts';
import { createWireVectors } from './wire-vectors.ts';

const FOLDER = new URL('../../shared/protocol/conformance/', import.meta.url);

const files = { ...createVectors(createNaiveEngine), ...createWireVectors() };
for (const [name, content] of Object.entries(files)) writeFileSync(new URL(name, FOLDER), content);
