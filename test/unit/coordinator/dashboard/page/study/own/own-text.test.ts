import { expect, test } from 'vitest';
import { inputText } from '../../../../../../../coordinator/dashboard/page/study/own/own-text.ts';

const shape = { height: 28, width: 20, channels: 1 };

test('what was done to an image is said', () => {
  expect(inputText(undefined, shape)).toBe('The net gets 28 × 20 gray pixels.');
  expect(inputText({ isInverted: false, isAuto: true, isFramed: false }, shape)).toBe(
    'The net gets 28 × 20 gray pixels: the image is scaled as a whole.',
  );
  expect(inputText({ isInverted: true, isAuto: true, isFramed: true }, shape)).toBe(
    'The net gets 28 × 20 gray pixels: the image is cut out, scaled and centered by its mass, ' +
      'as the images of the dataset are. It is inverted, because its background is light.',
  );
  expect(inputText({ isInverted: true, isAuto: false, isFramed: false }, shape)).toMatch(
    /It is inverted\.$/,
  );
});
