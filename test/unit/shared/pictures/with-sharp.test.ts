import { expect, test } from 'vitest';
import { decodeWithSharp } from '../../../../shared/pictures/with-sharp.ts';

const isThere = await import(String('sharp')).then(
  () => true,
  () => false,
);
const damaged = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0);

const what = isThere ? 'by sharp' : 'without sharp';

test(`a damaged JPEG is refused ${what}`, async () => {
  await expect(decodeWithSharp(damaged, 'JPEG')).rejects.toThrow(
    isThere
      ? /^sharp cannot read it: [^\n]+$/
      : 'JPEG needs the package sharp: run "npm install --no-save sharp"',
  );
});
