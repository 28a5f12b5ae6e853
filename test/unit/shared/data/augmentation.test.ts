import { describe, expect, test } from 'vitest';
import { createAugmentation } from '../../../../shared/data/augmentation.ts';
import { NO_AUGMENTATION } from '../../../../shared/data/augmentation-spec.ts';

const [HEIGHT, WIDTH] = [6, 5];
const SHAPE = { height: HEIGHT, width: WIDTH, channels: 1 };
/** An image whose pixels have different values, none of them 0. */
const IMAGE = Uint8Array.from({ length: HEIGHT * WIDTH }, (_, i) => i + 1);

function augmented(
  settings: Partial<typeof NO_AUGMENTATION>,
  epoch: number,
  example: number,
  seed = 1,
) {
  const target = new Uint8Array(IMAGE.length).fill(99);
  createAugmentation({ ...NO_AUGMENTATION, ...settings }, SHAPE, seed)?.(
    IMAGE,
    target,
    epoch,
    example,
  );
  return target;
}

const mirror = (image: Uint8Array) =>
  Uint8Array.from(
    image,
    (_, i) => image[Math.floor(i / WIDTH) * WIDTH + (WIDTH - 1 - (i % WIDTH))],
  );

describe('augmentation', () => {
  test('is undefined if no setting asks for it', () => {
    expect(createAugmentation(NO_AUGMENTATION, SHAPE, 1)).toBeUndefined();
  });

  test('depends only on the seed, the epoch and the example', () => {
    const all = { flip: 0.5, shift: 2, erase: 0.5 };
    const results = new Set<string>();
    for (const [epoch, example, seed] of [
      [0, 0, 1],
      [1, 0, 1],
      [0, 1, 1],
      [0, 0, 2],
    ]) {
      const image = augmented(all, epoch, example, seed);
      expect(augmented(all, epoch, example, seed)).toEqual(image);
      results.add(image.join());
    }
    expect(results.size).toBe(4);
  });

  test('mirrors about the requested fraction of images', () => {
    let flipped = 0;
    for (let example = 0; example < 400; example++) {
      const image = augmented({ flip: 0.25 }, 0, example);
      const isFlipped = image.join() === mirror(IMAGE).join();
      expect(isFlipped || image.join() === IMAGE.join()).toBe(true);
      if (isFlipped) flipped++;
    }
    expect(flipped / 400).toBeCloseTo(0.25, 1);
  });

  test('shifts images by at most the given pixels and fills the edge with zeros', () => {
    const seen = new Set<string>();
    for (let example = 0; example < 300; example++) {
      const image = augmented({ shift: 1 }, 0, example);
      // A shift by 1 cannot lose pixel (2, 2), so its new place gives the shift.
      const at = image.indexOf(IMAGE[2 * WIDTH + 2]);
      const [down, right] = [Math.floor(at / WIDTH) - 2, (at % WIDTH) - 2];
      seen.add(`${down},${right}`);
      for (const [i, value] of image.entries()) {
        const [h, w] = [Math.floor(i / WIDTH) - down, (i % WIDTH) - right];
        const isInside = h >= 0 && h < HEIGHT && w >= 0 && w < WIDTH;
        expect(value).toBe(isInside ? IMAGE[h * WIDTH + w] : 0);
      }
    }
    expect(seen.size).toBe(9);
  });

  test('erases a rectangle and nothing outside it', () => {
    let erased = 0;
    for (let example = 0; example < 100; example++) {
      const image = augmented({ erase: 1 }, 0, example);
      const changed = [...image.keys()].filter((i) => image[i] !== IMAGE[i]);
      const rows = changed.map((i) => Math.floor(i / WIDTH));
      const columns = changed.map((i) => i % WIDTH);
      const area = (values: number[]) => Math.max(...values) - Math.min(...values) + 1;
      // In rare cases the noise equals the old values by chance.
      if (changed.length === 0) continue;
      erased++;
      const rectangle = area(rows) * area(columns);
      expect(rectangle).toBeLessThanOrEqual(0.5 * IMAGE.length);
      expect(changed.length).toBeGreaterThanOrEqual(rectangle - 2);
    }
    expect(erased).toBeGreaterThan(95);
  });
});
