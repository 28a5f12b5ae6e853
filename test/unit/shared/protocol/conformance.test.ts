import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createNaiveEngine } from '../../../../shared/engine/naive/naive-engine.ts';
import { openEngine } from '../../../../shared/host/load-engine.ts';
import { decodeCoordinatorFrame, decodeWorkerFrame } from '../../../../shared/protocol/codec.ts';
import { bytesFromHex, hexOf } from '../../../conformance/hex.ts';
import { createVectors } from '../../../conformance/vectors.ts';
import { createWireVectors } from '../../../conformance/wire-vectors.ts';

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

test.for(Object.entries(createWireVectors()))('%s has our frames', ([name, content]) => {
  expect(content === read(name), `${name} differs: is it meant? npm run vectors`).toBe(true);
});

describe.for([
  ['fromWorker', decodeWorkerFrame],
  ['fromCoordinator', decodeCoordinatorFrame],
] as const)('a frame of messages.json, %s,', ([side, decode]) => {
  const vectors: { message: { type: string }; payload: string; frame: string }[] = JSON.parse(
    read('messages.json'),
  )[side];

  test.for(vectors.map((vector) => [vector.message.type, vector] as const))(
    'decodes: %s',
    ([, { message, payload, frame }]) => {
      const decoded = decode(bytesFromHex(frame));
      expect(decoded.message).toEqual(message);
      expect(hexOf(decoded.payload)).toBe(payload);
    },
  );
});
