import type { FilePrediction } from '../../coordinator/prediction/classify-file.ts';

/** A prediction for a picture of 4 × 2 black pixels. */
export const predictionOf = (change: Partial<FilePrediction> = {}): FilePrediction => ({
  file: 'boot.png',
  index: undefined,
  prepared: {
    picture: { height: 2, width: 4, channels: 1, pixels: new Uint8Array(8) },
    steps: ['8 × 4 pixels', 'scaled to 4 × 2'],
  },
  looksInverted: false,
  ranking: [
    { label: 2, name: 'Boot', probability: 0.75 },
    { label: 0, name: 'Bag', probability: 0.25 },
    { label: 1, name: 'Trouser', probability: 0 },
  ],
  number: undefined,
  ...change,
});
