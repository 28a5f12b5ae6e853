import * as z from 'zod';

/** A file of a dataset: its name (as on the mirrors, without `.gz`) and the SHA-256 of its unpacked content. */
export const DataFile = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, 'must be a plain file name'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
});
export type DataFile = z.infer<typeof DataFile>;

/** The four files of a dataset, all in the IDX format. */
export const DATA_ROLES = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const;
export type DataRole = (typeof DATA_ROLES)[number];

/** What a dataset is: four IDX files, known by the digests of their contents, and the names of its classes. */
export const DatasetManifest = z.strictObject({
  name: z.string().min(1).max(64),
  classNames: z.array(z.string().min(1).max(64)).min(2).max(256),
  files: z.strictObject({
    trainImages: DataFile,
    trainLabels: DataFile,
    testImages: DataFile,
    testLabels: DataFile,
  }),
});
export type DatasetManifest = z.infer<typeof DatasetManifest>;

/** H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking", 2017. */
export const FASHION_MNIST: DatasetManifest = {
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
    },
    trainLabels: {
      name: 'train-labels-idx1-ubyte',
      sha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    },
    testImages: {
      name: 't10k-images-idx3-ubyte',
      sha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    },
    testLabels: {
      name: 't10k-labels-idx1-ubyte',
      sha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
    },
  },
};
