import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPictureFolder } from '../../../../../shared/data/import/picture-folder.ts';
import type { ImportOptions } from '../../../../../shared/data/import/source.ts';
import {
  colorPng,
  folderWith,
  importContext,
  importOptions,
  shadePng,
} from '../../../../support/import-context.ts';

async function read(folder: string, change: Partial<ImportOptions> = {}) {
  const context = importContext();
  const { inputs, target, isTest, count } = await readPictureFolder(
    folder,
    importOptions(change),
    context,
  );
  if (inputs.kind !== 'images' || target.kind !== 'text') throw new Error('pictures and names');
  const classes = Array.from(target.codes, (code) => target.texts[code]);
  return { inputs, classes, isTest: isTest && [...isTest], count, notes: context.notes };
}

const red = colorPng(4, 4, 200, 10, 10);
const blue = colorPng(4, 4, 10, 10, 200);

describe('a folder of pictures', () => {
  test('has a folder for each class, with folders in it', async () => {
    const folder = folderWith({ 'red/a.png': red, 'blue/deep/er/b.PNG': blue, 'blue/.c.png': 'x' });
    const { inputs, classes, isTest } = await read(folder);
    expect(classes).toEqual(['blue', 'red']);
    expect(isTest).toBeUndefined();
    expect(inputs).toMatchObject({ height: 4, width: 4, channels: 3 });
    expect([...inputs.pixels.subarray(0, 3)]).toEqual([10, 10, 200]);
  });

  test('may have a folder for each set', async () => {
    const files = { 'train/red/a.png': red, 'train/blue/a.png': blue, 'test/red/a.png': red };
    expect(await read(folderWith(files))).toMatchObject({
      classes: ['red', 'blue', 'red'],
      isTest: [1, 0, 0],
    });
    const validated = await read(folderWith({ ...files, 'Val/blue/a.png': blue }));
    expect(validated.isTest).toEqual([0, 1, 0, 0]);
    expect(validated.notes[0]).toContain('the pictures for validation join those for training');
    const { 'test/red/a.png': _, ...without } = files;
    const { isTest, notes } = await read(folderWith({ ...without, 'val/red/a.png': red }));
    expect(isTest).toEqual([0, 0, 1]);
    expect(notes).toContain('there is no folder test: that of validation is the test set');
  });

  test('may lie in another folder', async () => {
    const { classes, notes } = await read(folderWith({ 'all/a/x.png': red, 'all/b/x.png': blue }));
    expect(classes).toEqual(['a', 'b']);
    expect(notes[0]).toMatch(/^the classes are in .*all$/);
  });

  test('with mixed sizes is scaled, and what to do is said', async () => {
    const files = { 'a/x.png': colorPng(40, 20, 1, 2, 3), 'b/x.png': red };
    const { inputs, notes } = await read(folderWith(files));
    expect(inputs).toMatchObject({ height: 32, width: 32 });
    expect(notes).toEqual([
      'pictures have 2 different sizes: they are scaled to 32 × 32; --size 64x64 keeps more',
    ]);
    const sized = await read(folderWith(files), { size: { height: 8, width: 6 }, isGray: true });
    expect(sized.inputs).toMatchObject({ height: 8, width: 6, channels: 1 });
    expect(sized.notes).toEqual([]);
  });

  test('of large pictures of one size is scaled too', async () => {
    const files = { 'a/x.png': shadePng(100, 70, 9), 'b/x.png': shadePng(100, 70, 200) };
    const { inputs, notes } = await read(folderWith(files));
    expect(inputs).toMatchObject({ height: 32, width: 32, channels: 1 });
    expect(notes[0]).toContain('pictures are 70 × 100 pixels: they are scaled to 32 × 32');
  });

  test('does not follow loops of links, and says what leads nowhere', async () => {
    const folder = folderWith({ 'a/x.png': red, 'b/x.png': blue });
    symlinkSync(folder, join(folder, 'a', 'again'));
    symlinkSync('/nowhere/at/all', join(folder, 'a', 'gone.png'));
    const { count, notes } = await read(folder);
    expect(count).toBeLessThan(6);
    expect(notes.some((line) => /leads to itself: .*a\/again/.test(line))).toBe(true);
    expect(notes.some((line) => /leads nowhere: .*gone\.png/.test(line))).toBe(true);
  });

  test('says what was looked for and what is there', async () => {
    const folder = folderWith({ 'a/notes.txt': 'x', 'b/x.png': red });
    await expect(read(folderWith({ 'a/notes.txt': 'x' }))).rejects.toThrow(
      'there are 1 folders without pictures',
    );
    await expect(read(folderWith({ 'x.png': red, 'y.PNG': red, z: '' }))).rejects.toThrow(
      /^found no pictures .* there are 2 files \.png, 1 files without ending\. Put the pictures/,
    );
    await expect(read(folder)).rejects.toThrow(/^the class a has no pictures \(.*\/a\): add some/);
    await expect(read(folderWith({}))).rejects.toThrow('and there are no files');
  });

  test('names a picture that cannot be used', async () => {
    const files = { 'a/x.png': red, 'b/bad.png': 'no picture' };
    await expect(read(folderWith(files))).rejects.toThrow(
      'cannot use the picture b/bad.png: it is no PNG file, and no JPEG, GIF, WebP or TIFF',
    );
    const cut = { 'a/x.png': red, 'b/bad.png': red.subarray(0, 45) };
    await expect(read(folderWith(cut))).rejects.toThrow(
      'cannot use the picture b/bad.png: it is dam',
    );
  });

  test('says that a picture needs a package before it decodes the others', async () => {
    const files = { 'a/x.png': red, 'b/photo.jpg': Uint8Array.of(0xff, 0xd8, 0xff, 0xe0) };
    let decodedCount = 0;
    const context = { ...importContext(), onProgress: () => decodedCount++ };
    const reading = readPictureFolder(folderWith(files), importOptions(), context);
    await expect(reading).rejects.toThrow(/cannot use the picture b\/photo.jpg: .*sharp/);
    expect(decodedCount).toBe(0);
  });

  test('has printable names of classes', async () => {
    const { classes } = await read(folderWith({ 'a\u001b[2J/x.png': red, 'b/x.png': blue }));
    expect(classes[0]).toBe('a\\u001b[2J');
  });

  test.skipIf(process.getuid?.() === 0)('says which folder cannot be read', async () => {
    const folder = folderWith({ 'a/x.png': red });
    mkdirSync(join(folder, 'b'));
    chmodSync(join(folder, 'b'), 0);
    await expect(read(folder)).rejects.toThrow(/^cannot read the folder .*\/b: EACCES/);
  });
});
