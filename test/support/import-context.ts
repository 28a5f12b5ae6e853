import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ImportContext, ImportOptions } from '../../shared/data/import/source.ts';
import { encodePng } from '../../shared/pictures/encode-png.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The options of an import without flags. */
export const importOptions = (change: Partial<ImportOptions> = {}): ImportOptions => ({
  drop: [],
  keep: [],
  test: 0.2,
  seed: 1,
  isGray: false,
  ...change,
});

/** A context that keeps what is noted. */
export function importContext(): ImportContext & { readonly notes: string[] } {
  const notes: string[] = [];
  return {
    notes,
    signal: new AbortController().signal,
    note: (line) => notes.push(line),
    onProgress() {},
  };
}

/** Writes files to a folder that is removed when the test ends, and returns it. */
export function folderWith(files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

/** A color PNG of one color. */
export const colorPng = (height: number, width: number, ...color: [number, number, number]) =>
  encodePng({
    height,
    width,
    channels: 3,
    pixels: Uint8Array.from({ length: height * width * 3 }, (_, i) => color[i % 3]),
  });

/** A gray PNG of one shade. */
export const shadePng = (height: number, width: number, shade: number) =>
  encodePng({ height, width, channels: 1, pixels: new Uint8Array(height * width).fill(shade) });
