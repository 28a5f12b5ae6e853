import { describe, expect, test } from 'vitest';
import {
  decodeCheckpoint,
  encodeCheckpoint,
} from '../../../../coordinator/run-folder/checkpoint.ts';
import { LockstepError } from '../../../../shared/errors.ts';
import { createDraws } from '../../../support/simulation/draws.ts';
import { checkpointAt } from '../../../support/toy-checkpoint.ts';

describe('a checkpoint', () => {
  const file = encodeCheckpoint(checkpointAt(12));

  test('is encoded and decoded without changing a bit', () => {
    expect(decodeCheckpoint(file)).toEqual(checkpointAt(12));
  });

  test('has the averages of the parameters, if the run has them', () => {
    const plain = checkpointAt(12);
    const config = { ...plain.config, averageDecay: 0.9 };
    const averaged = { ...plain, config, averages: plain.parameters.map((value) => value / 2) };
    expect(decodeCheckpoint(encodeCheckpoint(averaged))).toEqual(averaged);
    expect(() => decodeCheckpoint(encodeCheckpoint({ ...plain, config }))).toThrow(
      'tensor average.dense1.weight [20,7] is missing',
    );
  });

  test('is a safetensors file with named tensors', () => {
    const headerLength = Number(new DataView(file.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerLength)));
    expect(Object.keys(header)).toEqual([
      '__metadata__',
      'dense1.weight',
      'dense1.bias',
      'dense2.weight',
      'dense2.bias',
      'optimizer.velocity.dense1.weight',
      'optimizer.velocity.dense1.bias',
      'optimizer.velocity.dense2.weight',
      'optimizer.velocity.dense2.bias',
    ]);
    expect(header['dense1.weight']).toEqual({
      dtype: 'F32',
      shape: [20, 7],
      data_offsets: [0, 560],
    });
    expect((8 + headerLength) % 8).toBe(0);
  });

  test('that is cut off anywhere is rejected with a LockstepError', () => {
    for (let end = 0; end < file.length; end += 7) {
      expect(() => decodeCheckpoint(file.subarray(0, end))).toThrow(LockstepError);
    }
  });

  test('with any bit flipped is rejected, except in the padding', () => {
    const draws = createDraws(3);
    for (let trial = 0; trial < 3000; trial++) {
      const damaged = file.slice();
      const at = draws.integer(0, file.length - 1);
      damaged[at] ^= 1 << draws.integer(0, 7);
      try {
        // A flip in the spaces that pad the header changes nothing.
        expect(decodeCheckpoint(damaged), `byte ${at}`).toEqual(checkpointAt(12));
        expect(file[at]).toBe(0x20);
      } catch (error) {
        expect(error, `byte ${at}: ${error}`).toBeInstanceOf(LockstepError);
      }
    }
  });

  test.for(['2', '4'])('of format %s is rejected with both versions', (version) => {
    const text = Buffer.from(file).toString('latin1');
    const written = text.replace('"formatVersion":"3"', `"formatVersion":"${version}"`);
    expect(() => decodeCheckpoint(Buffer.from(written, 'latin1'))).toThrow(
      `format version is ${version}, this Lockstep reads 3`,
    );
  });
});
