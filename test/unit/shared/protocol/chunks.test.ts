import { expect, test } from 'vitest';
import { chunksOf, placeChunk, wireBytesOf } from '../../../../shared/protocol/chunks.ts';
import { createDraws } from '../../../support/simulation/draws.ts';
import { naiveEngine } from '../../../support/toy-run.ts';

const { kernels } = naiveEngine;

test('a bfloat16 gradient takes half its bytes on the wire and arrives unchanged', () => {
  const gradientLength = 101;
  const sum = createDraws(1).floats(gradientLength + 2);
  kernels.roundToBfloat16(sum.subarray(0, gradientLength));
  const expected = sum.slice();
  kernels.packBfloat16(sum.subarray(0, gradientLength));
  const sent = wireBytesOf(sum, gradientLength).slice();
  expect(sent).toHaveLength(2 * gradientLength + 4 * 2);
  for (const chunkBytes of [2, 6, 20, 1000]) {
    const vector = new Float32Array(sum.length).fill(7);
    const incoming = { vector, bfloat16Length: gradientLength, received: 0 };
    for (const { offset, chunk } of chunksOf(sent, chunkBytes)) {
      const length = placeChunk(incoming, offset, chunk, kernels.unpackBfloat16);
      expect(vector.subarray(0, length)).toEqual(expected.subarray(0, length));
    }
    expect(vector).toEqual(expected);
  }
});
