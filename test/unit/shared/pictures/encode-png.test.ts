import { expect, test } from 'vitest';
import { decodePng, readPngHeader } from '../../../../shared/pictures/decode-png.ts';
import { encodePng } from '../../../../shared/pictures/encode-png.ts';

test.for([1, 3] as const)('a PNG file of %i channels is read as it was written', (channels) => {
  const pixels = Uint8Array.from({ length: 6 * channels }, (_, i) => i * 13);
  const picture = { height: 2, width: 3, channels, pixels };
  const file = encodePng(picture);
  expect(decodePng(file, 100)).toEqual(picture);
  expect(readPngHeader(file)).toEqual({ height: 2, width: 3, isColor: channels === 3 });
});

test('the header of a file that is cut short is refused', () => {
  const file = encodePng({ height: 1, width: 1, channels: 1, pixels: Uint8Array.of(1) });
  expect(() => readPngHeader(file.subarray(0, 20))).toThrow('its header is too short');
});
