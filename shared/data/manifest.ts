import * as z from 'zod';
import { LockstepError } from '../errors.ts';

/** The most bytes that a file of a dataset may have, unpacked. */
export const DATA_BYTES_MAX = 2 ** 31;

/**
 * A file of a dataset: its name on mirrors, without `.gz`, and its unpacked content's SHA-256 and
 * length. The length bounds what is read and unpacked. A run's configuration always has it.
 */
export const DataFile = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, 'must be a plain file name'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
  bytes: z.int().positive().max(DATA_BYTES_MAX).optional(),
});
export type DataFile = z.infer<typeof DataFile>;

/** The four files of a dataset, all in the IDX format. */
export const DATA_ROLES = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const;
export type DataRole = (typeof DATA_ROLES)[number];

const files = z.strictObject({
  trainImages: DataFile,
  trainLabels: DataFile,
  testImages: DataFile,
  testLabels: DataFile,
});

const name = z.string().min(1).max(64);

/** The most classes, and the most inputs per row of a table. */
export const CLASSES_MAX = 65_536;
export const TABLE_INPUTS_MAX = 65_536;

const deviation = z.number().positive();
const columnName = z.string().min(1).max(256);
const measured = {
  name: columnName,
  mean: z.number(),
  deviation,
  indicator: z.boolean(),
};

/**
 * How a column of a table became inputs:
 *
 * - `number`: (value - mean) / deviation, and 0 for a missing value. With `indicator`, one more
 *   input is 1 where the value is missing, and else 0.
 * - `date`: the same with the days since 1970-01-01 UTC. `first`: what is first in 3/14/2026.
 * - `text`: an input for each of `values`, and one for any other text. One of them is 1.
 */
export const TableColumn = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('number'), ...measured }),
  z.strictObject({
    kind: z.literal('date'),
    first: z.enum(['month', 'day']).optional(),
    ...measured,
  }),
  z.strictObject({
    kind: z.literal('text'),
    name: columnName,
    values: z.array(z.string().max(256)).max(TABLE_INPUTS_MAX),
  }),
]);
export type TableColumn = z.infer<typeof TableColumn>;

/** The columns of a table, in the order of their inputs. Absent for images. */
const columns = z.array(TableColumn).min(1).max(TABLE_INPUTS_MAX).optional();

/** The definition of a dataset with classes: four IDX files and the names of the classes. */
export const ClassManifest = z.strictObject({
  name,
  classNames: z.array(z.string().min(1).max(64)).min(2).max(CLASSES_MAX),
  columns,
  files,
});
export type ClassManifest = z.infer<typeof ClassManifest>;

/**
 * The definition of a dataset whose target is a number. The files have standardized targets:
 * (value - mean) / deviation, with the mean and the deviation of the training set.
 */
export const RegressionManifest = z.strictObject({
  name,
  target: z.strictObject({ name: columnName, mean: z.number(), deviation }),
  columns,
  files,
});
export type RegressionManifest = z.infer<typeof RegressionManifest>;

/** The definition of a dataset. */
export const DatasetManifest = z.union([ClassManifest, RegressionManifest]);
export type DatasetManifest = z.infer<typeof DatasetManifest>;

/**
 * The most bytes of a manifest as JSON. It is in the header of a message and of each checkpoint,
 * which have 1 MiB for it and for the rest of the configuration.
 */
const MANIFEST_BYTES_MAX = 3 * 2 ** 18;
/** The same in a file, where each name may have a line of its own. */
export const MANIFEST_FILE_BYTES_MAX = 2 ** 22;

/** Throws a `DATA` error if the names of classes and columns take too much room. */
export function assertManifestFits(manifest: DatasetManifest): void {
  const { length } = new TextEncoder().encode(JSON.stringify(manifest));
  if (length <= MANIFEST_BYTES_MAX) return;
  throw new LockstepError(
    'DATA',
    `the names of classes and columns take ${length} bytes, and at most ${MANIFEST_BYTES_MAX} ` +
      'have room: take shorter names, or fewer columns.',
  );
}

/**
 * H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking", 2017.
 */
export const FASHION_MNIST: ClassManifest = {
  name: 'fashion-mnist',
  classNames: [
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
  ],
  files: {
    trainImages: {
      name: 'train-images-idx3-ubyte',
      sha256: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      bytes: 47_040_016,
    },
    trainLabels: {
      name: 'train-labels-idx1-ubyte',
      sha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      bytes: 60_008,
    },
    testImages: {
      name: 't10k-images-idx3-ubyte',
      sha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      bytes: 7_840_016,
    },
    testLabels: {
      name: 't10k-labels-idx1-ubyte',
      sha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
      bytes: 10_008,
    },
  },
};

/** Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", 1998. */
export const MNIST: ClassManifest = {
  name: 'mnist',
  classNames: Array.from({ length: 10 }, (_, digit) => String(digit)),
  files: {
    trainImages: {
      ...FASHION_MNIST.files.trainImages,
      sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    },
    trainLabels: {
      ...FASHION_MNIST.files.trainLabels,
      sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    },
    testImages: {
      ...FASHION_MNIST.files.testImages,
      sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    },
    testLabels: {
      ...FASHION_MNIST.files.testLabels,
      sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    },
  },
};

/** The datasets that Lockstep knows by the digests of their files. */
export const KNOWN_DATASETS: readonly ClassManifest[] = [FASHION_MNIST, MNIST];
