import { randomKey, threefry2x32, uniform, type Words } from '../random.ts';
import type { Augmentation } from './augmentation-spec.ts';
import type { ExampleShape } from './shape.ts';

/** The bounds of an erased rectangle: its part of the image's area, and the ratio of its sides. */
const ERASED_AREA_MIN = 0.02;
const ERASED_AREA_MAX = 0.33;
const ERASED_RATIO_MAX = 3.3;

/**
 * Writes an altered copy of `image` [height × width × channels] to `target`. The changes depend
 * only on the epoch and the example.
 */
export type Augment = (
  image: Uint8Array,
  target: Uint8Array,
  epoch: number,
  example: number,
) => void;

/**
 * Creates the function that alters training images, or returns undefined if there is nothing to do.
 * A mirrored or shifted image still shows the same thing. Random erasing is from Z. Zhong et al.,
 * "Random erasing data augmentation", 2020.
 */
export function createAugmentation(
  { flip, shift, erase }: Augmentation,
  shape: ExampleShape,
  seed: number,
): Augment | undefined {
  if (flip === 0 && shift === 0 && erase === 0) return undefined;
  const { height, width, channels } = shape;
  const key = randomKey(seed, 'augmentation');
  const anyShift = (fraction: number) => Math.floor(fraction * (2 * shift + 1)) - shift;

  return (image, target, epoch, example) => {
    const own = threefry2x32(key, [epoch, example]);
    const isFlipped = uniform(own, 0) < flip;
    const [down, right] = [anyShift(uniform(own, 1)), anyShift(uniform(own, 2))];
    target.fill(0);
    for (let i = Math.max(0, down); i < Math.min(height, height + down); i++) {
      const line = image.subarray((i - down) * width * channels, (i - down + 1) * width * channels);
      for (let j = Math.max(0, right); j < Math.min(width, width + right); j++) {
        const from = channels * (isFlipped ? width - 1 - (j - right) : j - right);
        const to = channels * (i * width + j);
        for (let channel = 0; channel < channels; channel++)
          target[to + channel] = line[from + channel];
      }
    }
    if (uniform(own, 3) < erase) eraseRectangle(target, shape, own);
  };
}

function eraseRectangle(
  target: Uint8Array,
  { height, width, channels }: ExampleShape,
  key: Words,
): void {
  const area =
    (ERASED_AREA_MIN + uniform(key, 4) * (ERASED_AREA_MAX - ERASED_AREA_MIN)) * height * width;
  const ratio = 1 / ERASED_RATIO_MAX + uniform(key, 5) * (ERASED_RATIO_MAX - 1 / ERASED_RATIO_MAX);
  const rows = Math.min(height, Math.max(1, Math.round(Math.sqrt(area * ratio))));
  const columns = Math.min(width, Math.max(1, Math.round(Math.sqrt(area / ratio))));
  const top = Math.floor(uniform(key, 6) * (height - rows + 1));
  const left = Math.floor(uniform(key, 7) * (width - columns + 1));
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns * channels; j++) {
      const [word] = threefry2x32(key, [8 + i * columns * channels + j, 0]);
      target[((top + i) * width + left) * channels + j] = word >>> 24;
    }
  }
}
