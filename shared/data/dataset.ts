import { LockstepError } from '../errors.ts';
import { parseIdx } from './idx.ts';
import { DATA_ROLES, type DataRole, type DatasetManifest } from './manifest.ts';

/** Labeled images, as bytes. */
export interface ExampleSet {
  readonly count: number;
  /** [count, inputs], each 0 … 255. */
  readonly pixels: Uint8Array;
  /** [count], each the index of a class. */
  readonly labels: Uint8Array;
}

export interface Dataset {
  /** With the length of each file: whoever gets it reads no more than that. */
  readonly manifest: DatasetManifest;
  /** The number of pixels per image: height × width. */
  readonly inputs: number;
  readonly imageShape: readonly [height: number, width: number];
  readonly train: ExampleSet;
  readonly test: ExampleSet;
}

/**
 * Creates a dataset from the contents of its four files. Pixels and labels are views of these
 * contents. Throws a `DATA` error if a file is malformed or if two files do not fit each other.
 */
export function createDataset(
  manifest: DatasetManifest,
  contents: Record<DataRole, Uint8Array>,
): Dataset {
  const parse = (role: DataRole, dimensionCount: number) =>
    parseIdx(contents[role], dimensionCount, manifest.files[role].name);
  const train = createExampleSet(manifest, parse('trainImages', 3), parse('trainLabels', 1));
  const test = createExampleSet(manifest, parse('testImages', 3), parse('testLabels', 1));
  const [height, width] = train.imageShape;
  if (test.imageShape[0] !== height || test.imageShape[1] !== width) {
    throw new LockstepError(
      'DATA',
      `${manifest.name}: training images of ${height} × ${width} pixels, but test images of ` +
        `${test.imageShape.join(' × ')}. The files do not belong together.`,
    );
  }
  return {
    manifest: withLengths(manifest, contents),
    inputs: height * width,
    imageShape: [height, width],
    train,
    test,
  };
}

function withLengths(manifest: DatasetManifest, contents: Record<DataRole, Uint8Array>) {
  const files = { ...manifest.files };
  for (const role of DATA_ROLES) files[role] = { ...files[role], bytes: contents[role].length };
  return { ...manifest, files };
}

type Parsed = ReturnType<typeof parseIdx>;

function createExampleSet(manifest: DatasetManifest, images: Parsed, labels: Parsed) {
  const [count, height, width] = images.shape;
  if (labels.shape[0] !== count || count === 0) {
    throw new LockstepError(
      'DATA',
      `${manifest.name}: ${count} images, but ${labels.shape[0]} labels. ` +
        'The files do not belong together.',
    );
  }
  const wrong = labels.values.findIndex((label) => label >= manifest.classNames.length);
  if (wrong >= 0) {
    throw new LockstepError(
      'DATA',
      `${manifest.name}: label ${labels.values[wrong]} of example ${wrong} is not one of the ` +
        `${manifest.classNames.length} classes.`,
    );
  }
  const imageShape: [number, number] = [height, width];
  return { count, imageShape, pixels: images.values, labels: labels.values };
}
