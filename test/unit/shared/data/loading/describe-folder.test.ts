import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { findIdxFiles, readIdxFiles } from '../../../../../shared/data/loading/describe-folder.ts';
import { readManifest } from '../../../../../shared/data/loading/load-dataset.ts';
import { DatasetManifest, KNOWN_DATASETS } from '../../../../../shared/data/manifest.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { createToyFiles, sha256 } from '../../../../support/toy-dataset.ts';

const { contents } = createToyFiles();

function folderWith(...names: string[]): string {
  const folder = temporaryFolder();
  for (const name of names) writeFileSync(join(folder, name), '');
  return folder;
}

describe('the files of a dataset are found by their names', () => {
  test.for([
    [
      'MNIST’s own',
      'train-images-idx3-ubyte',
      'train-labels-idx1-ubyte',
      't10k-images-idx3-ubyte',
      't10k-labels-idx1-ubyte',
    ],
    [
      'with a dot',
      'train-images.idx3-ubyte',
      'train-labels.idx1-ubyte',
      't10k-images.idx3-ubyte',
      't10k-labels.idx1-ubyte',
    ],
    [
      'EMNIST’s own',
      'emnist-letters-train-images-idx3-ubyte',
      'emnist-letters-train-labels-idx1-ubyte',
      'emnist-letters-test-images-idx3-ubyte',
      'emnist-letters-test-labels-idx1-ubyte',
    ],
  ] as const)('%s', async ([, ...names]) => {
    const [trainImages, trainLabels, testImages, testLabels] = names;
    const expected = { trainImages, trainLabels, testImages, testLabels };
    expect(await findIdxFiles(folderWith(...names))).toEqual(expected);
    const others = ['README.md', 'test.txt', 'train-images.npz'];
    const packed = names.map((name) => `${name}.gz`);
    expect(await findIdxFiles(folderWith(...packed, names[0], ...others))).toEqual(expected);
    expect(await findIdxFiles(folderWith(...names.slice(1)))).toBeUndefined();
  });

  test('unless those of two datasets are there', async () => {
    const folder = folderWith('a-train-images-idx3-ubyte', 'b-train-images-idx3-ubyte');
    await expect(findIdxFiles(folder)).rejects.toThrow(
      `${folder} has files of two datasets, a-train-images-idx3-ubyte and ` +
        'b-train-images-idx3-ubyte: put the four files of one dataset into a folder of their own.',
    );
  });
});

describe('a folder without dataset.json', () => {
  const names = {
    trainImages: 'my-train-images-idx3-ubyte',
    trainLabels: 'my-train-labels-idx1-ubyte',
    testImages: 'my-test-images-idx3-ubyte',
    testLabels: 'my-test-labels-idx1-ubyte',
  } as const;
  function toyFolder(): string {
    const folder = temporaryFolder();
    writeFileSync(join(folder, names.trainImages), contents.trainImages);
    writeFileSync(join(folder, `${names.trainLabels}.gz`), gzipSync(contents.trainLabels));
    writeFileSync(join(folder, names.testImages), contents.testImages);
    writeFileSync(join(folder, names.testLabels), contents.testLabels);
    return folder;
  }

  test('with an unknown dataset causes an error that says how to describe it', async () => {
    const folder = toyFolder();
    await expect(readManifest(folder)).rejects.toThrow(
      `the files in ${folder} are not those of fashion-mnist or mnist. If they are whole, ` +
        `describe them once: npx lockstep data describe ${folder}`,
    );
  });

  test('is described by names, digests and lengths of the unpacked contents', async () => {
    const files = await readIdxFiles(toyFolder(), names);
    expect(files.trainLabels.file).toEqual({
      name: names.trainLabels,
      sha256: sha256(contents.trainLabels),
      bytes: contents.trainLabels.length,
    });
  });
});

test.for(KNOWN_DATASETS.map((manifest) => [manifest.name, manifest] as const))(
  'the known dataset %s has a valid manifest',
  ([, manifest]) => {
    expect(DatasetManifest.parse(manifest)).toEqual(manifest);
  },
);
