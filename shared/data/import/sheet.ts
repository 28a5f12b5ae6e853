import { encodePng } from '../../pictures/encode-png.ts';
import type { ImportedDataset } from './assemble.ts';

const CLASSES_SHOWN = 20;
const EXAMPLES_SHOWN = 16;
const GAP = 2;

/**
 * A PNG file with a row of training images for each of the first 20 classes, or rows of any images
 * if the target is a number. Undefined if the dataset has no images.
 */
export function drawSheet({ definition, shape, train }: ImportedDataset): Uint8Array | undefined {
  const [height, width, channels = 1] = shape;
  if (shape.length < 2 || train.inputs instanceof Float32Array) return undefined;
  const rows =
    'target' in definition
      ? rowsOf(train.count)
      : rowsOfClasses(train.labels, Math.min(definition.classNames.length, CLASSES_SHOWN));
  const columns = Math.max(...rows.map((row) => row.length));
  const sheet = {
    height: rows.length * (height + GAP) - GAP,
    width: columns * (width + GAP) - GAP,
    channels: channels === 1 ? 1 : 3,
  } as const;
  const pixels = new Uint8Array(sheet.height * sheet.width * sheet.channels).fill(128);
  const size = height * width * channels;
  for (const [line, examples] of rows.entries()) {
    for (const [place, example] of examples.entries()) {
      const image = train.inputs.subarray(example * size, (example + 1) * size);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const to = (line * (height + GAP) + y) * sheet.width + place * (width + GAP) + x;
          const from = (y * width + x) * channels;
          // Of images with another number of channels, the first three are shown.
          for (let c = 0; c < sheet.channels; c++)
            pixels[to * sheet.channels + c] = image[from + Math.min(c, channels - 1)];
        }
    }
  }
  return encodePng({ ...sheet, pixels });
}

const rowsOf = (count: number): number[][] => {
  const shown = Array.from({ length: Math.min(count, 5 * EXAMPLES_SHOWN) }, (_, i) => i);
  return Array.from({ length: Math.ceil(shown.length / EXAMPLES_SHOWN) }, (_, i) =>
    shown.slice(i * EXAMPLES_SHOWN, (i + 1) * EXAMPLES_SHOWN),
  );
};

function rowsOfClasses(labels: ArrayLike<number>, classCount: number): number[][] {
  const rows = Array.from({ length: classCount }, (): number[] => []);
  for (let i = 0; i < labels.length; i++) {
    const row = rows[labels[i]];
    if (row && row.length < EXAMPLES_SHOWN) row.push(i);
  }
  return rows;
}
