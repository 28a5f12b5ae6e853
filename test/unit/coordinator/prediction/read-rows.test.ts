import { join } from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { openRows, type RowInput } from '../../../../coordinator/prediction/read-rows.ts';
import type { TableColumn } from '../../../../shared/data/manifest.ts';
import { folderWith } from '../../../support/import-context.ts';
import { npyFile } from '../../../support/npy-writer.ts';

const number = (name: string, mean: number): TableColumn => ({
  name,
  kind: 'number',
  mean,
  deviation: 2,
  indicator: false,
});
const named: RowInput = {
  inputCount: 4,
  columns: [number('age', 10), number('size', 0), { name: 'city', kind: 'text', values: ['Bern'] }],
};
const placed: RowInput = { inputCount: 2, columns: [number('column 1', 0), number('column 3', 0)] };
const plain: RowInput = { inputCount: 2, columns: undefined };

async function read(content: string | Uint8Array, input: RowInput) {
  const path = join(folderWith({ rows: content }), 'rows');
  const { steps, rows } = await openRows(path, input);
  const inputs: number[][] = [];
  for await (const row of rows) inputs.push([...row]);
  return { steps, inputs };
}

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const matrix = npyFile('<f4', '2, 3', floats(1, 9, 2, 3, 9, Number.NaN));

describe('rows', () => {
  test('have the columns of training in any order', async () => {
    expect(await read('city,id,size,age\nBern,1,4,12\nRom,2,,\n', named)).toEqual({
      steps: ['3 columns by name', 'prepared as in training', 'not used: id'],
      inputs: [
        [1, 2, 1, 0],
        [0, 0, 0, 1],
      ],
    });
  });

  test('without names have them by place', async () => {
    expect(await read('4;x;6,5\n', placed)).toEqual({
      steps: ['2 columns by place', 'prepared as in training', 'not used: column 2'],
      inputs: [[2, 3.25]],
    });
  });

  test('may be an array, alone or among others', async () => {
    const inputs = [
      [0.5, 1],
      [1.5, 0],
    ];
    expect((await read(matrix, placed)).inputs).toEqual(inputs);
    expect((await read(zipSync({ 'x.npy': matrix }), placed)).inputs).toEqual(inputs);
    const one = npyFile('<f4', '2', floats(7, 8));
    expect(await read(one, plain)).toEqual({ steps: ['2 columns by place'], inputs: [[7, 8]] });
  });

  test.for([
    ['a missing column', 'age,size\n1,2\n', named, 'it lacks the column of training city'],
    ['a text in place of a number', 'age,size,city\nold,2,x\n', named, 'line 2, column age: "old"'],
    ['other numbers of cells', '1,2,3\n', plain, 'a row has 3 values, and the model takes 2'],
    ['an array for texts', matrix, named, 'it lacks 3 columns of training'],
    [
      'infinity',
      npyFile('<f4', '1, 2', floats(1, Infinity)),
      plain,
      'row 0, column 2 is not finite',
    ],
    ['images', npyFile('<f4', '1, 2, 1', floats(1, 2)), plain, 'its shape is 1 × 2 × 1'],
  ] as const)('are refused: %s', async ([, content, input, message]) => {
    await expect(read(content, input)).rejects.toThrow(message);
  });
});
