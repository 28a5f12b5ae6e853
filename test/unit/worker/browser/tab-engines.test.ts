import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isSharedEngine } from '../../../../shared/engine/threads/shared-engine.ts';
import { loadTabEngines } from '../../../../worker/browser/tab-engines.ts';

const urlOf = (bytes: Uint8Array): URL =>
  new URL(`data:application/wasm;base64,${Buffer.from(bytes).toString('base64')}`);
const kernels = (name: string): URL =>
  urlOf(readFileSync(new URL(`../../../../shared/engine/assembly/${name}.wasm`, import.meta.url)));
/** What a browser makes of instructions that it does not know. */
const UNKNOWN = { module: urlOf(Uint8Array.of(0, 97, 115, 109, 9)) };
const STRICT = { module: kernels('strict'), shared: kernels('strict-shared') };

describe('the engines of a tab', () => {
  test('are fast where the browser knows the instructions, and have their own memory', async () => {
    const { numerics, tileOf, open } = await loadTabEngines({ fused: UNKNOWN, strict: STRICT });
    expect(numerics).toEqual(['strict']);
    expect(tileOf('strict')).toMatch(/^\dx\d+$/);
    const [first, second] = [open('strict'), open('strict')];
    expect(first.numerics).toBe('strict');
    // `not.toBe` would compare what is in them.
    expect(first.allocate(1).buffer === second.allocate(1).buffer).toBe(false);
  });

  test('share memory only for several threads, and where threads can', async () => {
    const engines = await loadTabEngines({ fused: UNKNOWN, strict: STRICT });
    expect(isSharedEngine(engines.open('strict', 2))).toBe(true);
    expect(isSharedEngine(engines.open('strict', 1))).toBe(false);
    const alone = { fused: UNKNOWN, strict: { module: STRICT.module } };
    expect(isSharedEngine((await loadTabEngines(alone)).open('strict', 2))).toBe(false);
  });

  test('are plain, and strict, where the browser knows no fast kernels', async () => {
    const engines = await loadTabEngines({ fused: UNKNOWN, strict: UNKNOWN });
    expect(engines.numerics).toEqual(['strict']);
    expect(engines.tileOf('strict')).toBe('plain');
    expect(engines.open('strict', 4).allocate(3)).toHaveLength(3);
    expect(() => engines.open('fused')).toThrow('this browser cannot compute with fused numerics');
  });

  test('are not there if the kernels cannot be fetched, and are tried for again', async () => {
    const gone = { module: new URL('data:broken') };
    await expect(loadTabEngines({ fused: gone, strict: gone })).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(/^cannot get the kernels: /),
    });
  });
});
