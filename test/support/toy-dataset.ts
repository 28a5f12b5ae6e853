import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDataset, type Dataset } from '../../shared/data/dataset.ts';
import { MANIFEST_FILE } from '../../shared/data/loading/load-dataset.ts';
import { DATA_ROLES, type DataRole, type DatasetManifest } from '../../shared/data/manifest.ts';
import { createDraws } from './simulation/draws.ts';

export interface ToyShape {
  readonly trainCount: number;
  readonly testCount: number;
  readonly height: number;
  readonly width: number;
  readonly classCount: number;
}

export const TOY_SHAPE: ToyShape = {
  trainCount: 600,
  testCount: 520,
  height: 4,
  width: 5,
  classCount: 3,
};

const PIXEL_NOISE = 110;
/** The fraction of labels that are drawn at random. Training memorizes them if it overfits. */
const WRONG_LABELS = 0.2;

/**
 * A small dataset that can be learned. Each class has a pattern, and each image is a noisy copy of
 * its class's pattern. The part `wrongLabels` of the labels are drawn at random.
 */
export function createToyFiles(
  shape: ToyShape = TOY_SHAPE,
  wrongLabels = WRONG_LABELS,
): {
  manifest: DatasetManifest;
  contents: Record<DataRole, Uint8Array>;
} {
  const draws = createDraws(7);
  const inputs = shape.height * shape.width;
  const patterns = Array.from({ length: shape.classCount }, () => draws.floats(inputs, 100));
  const examples = (count: number) => {
    const anyClass = () => draws.integer(0, shape.classCount - 1);
    const classes = Uint8Array.from({ length: count }, anyClass);
    const labels = classes.map((label) => (draws.chance(wrongLabels) ? anyClass() : label));
    const pixels = new Uint8Array(count * inputs);
    for (let i = 0; i < pixels.length; i++) {
      const pattern = patterns[classes[Math.floor(i / inputs)]];
      pixels[i] = Math.max(
        0,
        Math.min(255, 128 + pattern[i % inputs] + draws.integer(-PIXEL_NOISE, PIXEL_NOISE)),
      );
    }
    return {
      images: idx([count, shape.height, shape.width], pixels),
      labels: idx([count], labels),
    };
  };
  const train = examples(shape.trainCount);
  const test = examples(shape.testCount);
  const contents = {
    trainImages: train.images,
    trainLabels: train.labels,
    testImages: test.images,
    testLabels: test.labels,
  };
  const files = Object.fromEntries(
    DATA_ROLES.map((role) => [role, { name: `toy-${role}`, sha256: sha256(contents[role]) }]),
  ) as DatasetManifest['files'];
  const classNames = Array.from({ length: shape.classCount }, (_, label) => `class ${label}`);
  return { manifest: { name: 'toy', classNames, files }, contents };
}

export function createToyDataset(shape?: ToyShape): Dataset {
  const { manifest, contents } = createToyFiles(shape);
  return createDataset(manifest, contents);
}

/** Writes the toy dataset and its manifest into a folder for `--data-dir`. */
export function writeToyDataset(
  directory: string,
  shape?: ToyShape,
  wrongLabels?: number,
): DatasetManifest {
  const { manifest, contents } = createToyFiles(shape, wrongLabels);
  for (const role of DATA_ROLES)
    writeFileSync(join(directory, manifest.files[role].name), contents[role]);
  writeFileSync(join(directory, MANIFEST_FILE), JSON.stringify(manifest));
  return manifest;
}

/** An IDX file of unsigned bytes. */
export function idx(shape: readonly number[], values: Uint8Array): Uint8Array {
  const header = new Uint8Array(4 + 4 * shape.length);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x0800 | shape.length);
  shape.forEach((extent, index) => {
    view.setUint32(4 + 4 * index, extent);
  });
  return Buffer.concat([header, values]);
}

export const sha256 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');
