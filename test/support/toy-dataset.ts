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
  readonly channels?: number;
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
export function createToyFiles(shape: ToyShape = TOY_SHAPE, wrongLabels = WRONG_LABELS): ToyFiles {
  const draws = createDraws(7);
  const { height, width, channels = 1 } = shape;
  const inputs = height * width * channels;
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
      images: idx([count, height, width, ...(channels === 1 ? [] : [channels])], pixels),
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
  const files = describeFiles(contents);
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
  // Some shapes take a tenth of a second to draw, and a file of tests writes them many times.
  const key = JSON.stringify([shape, wrongLabels]);
  const files = drawnFiles.get(key) ?? createToyFiles(shape, wrongLabels);
  drawnFiles.set(key, files);
  return writeFiles(directory, files);
}

const drawnFiles = new Map<string, ToyFiles>();

export interface ToyFiles {
  readonly manifest: DatasetManifest;
  readonly contents: Record<DataRole, Uint8Array>;
}

export const TABLE_FEATURES = 6;

/**
 * A small table of standardized features. The target is a number, or one of so many classes, which
 * follows from the features up to some noise. Labels of classes are i32.
 */
export function createTableFiles(classCount?: number): ToyFiles {
  const draws = createDraws(11);
  const weights = draws.floats(TABLE_FEATURES);
  const examples = (count: number) => {
    const rows = draws.floats(count * TABLE_FEATURES, 1.7);
    const targets = Float32Array.from({ length: count }, (_, row) => {
      const x = rows.subarray(row * TABLE_FEATURES, (row + 1) * TABLE_FEATURES);
      const sum = x.reduce((total, value, i) => total + weights[i] * value, 0.2 * x[0] * x[1]);
      return sum + draws.floats(1, 0.1)[0];
    });
    const classOf = (target: number) =>
      Math.max(0, Math.min((classCount ?? 1) - 1, Math.floor(target + (classCount ?? 1) / 2)));
    const labels = classCount === undefined ? targets : Int32Array.from(targets, classOf);
    return { rows: idx([count, TABLE_FEATURES], rows), labels: idx([count], labels) };
  };
  const train = examples(600);
  const test = examples(520);
  const contents = {
    trainImages: train.rows,
    trainLabels: train.labels,
    testImages: test.rows,
    testLabels: test.labels,
  };
  const columns = Array.from({ length: TABLE_FEATURES }, (_, i) => ({
    ...({ name: `x${i}`, kind: 'number', mean: i, deviation: 1 + i, indicator: false } as const),
  }));
  const common = { name: 'table', columns, files: describeFiles(contents) };
  const manifest: DatasetManifest =
    classCount === undefined
      ? { ...common, target: { name: 'price', mean: 100, deviation: 25 } }
      : { ...common, classNames: Array.from({ length: classCount }, (_, i) => `class ${i}`) };
  return { manifest, contents };
}

export function createTable(classCount?: number): Dataset {
  const { manifest, contents } = createTableFiles(classCount);
  return createDataset(manifest, contents);
}

export const writeTable = (directory: string, classCount?: number): DatasetManifest =>
  writeFiles(directory, createTableFiles(classCount));

function writeFiles(directory: string, { manifest, contents }: ToyFiles): DatasetManifest {
  for (const role of DATA_ROLES)
    writeFileSync(join(directory, manifest.files[role].name), contents[role]);
  writeFileSync(join(directory, MANIFEST_FILE), JSON.stringify(manifest));
  return manifest;
}

const describeFiles = (contents: ToyFiles['contents']) =>
  Object.fromEntries(
    DATA_ROLES.map((role) => [role, { name: `toy-${role}`, sha256: sha256(contents[role]) }]),
  ) as DatasetManifest['files'];

const IDX_TYPES = { Uint8Array: 0x08, Buffer: 0x08, Int32Array: 0x0c, Float32Array: 0x0d };

/** An IDX file of unsigned bytes, or of i32 or f32 values. */
export function idx(
  shape: readonly number[],
  values: Uint8Array | Int32Array | Float32Array,
): Uint8Array {
  const header = new Uint8Array(4 + 4 * shape.length);
  const view = new DataView(header.buffer);
  view.setUint32(
    0,
    (IDX_TYPES[values.constructor.name as keyof typeof IDX_TYPES] << 8) | shape.length,
  );
  shape.forEach((extent, index) => {
    view.setUint32(4 + 4 * index, extent);
  });
  const body = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.concat([
    header,
    values.BYTES_PER_ELEMENT === 1 ? body : Buffer.from(body).swap32(),
  ]);
}

export const sha256 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');
