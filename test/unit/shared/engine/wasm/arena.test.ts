import { describe, expect, test } from 'vitest';
import {
  ARENA_START,
  BLOCKS_WORDS,
  createArena,
  createSharedMemory,
  openSharedArena,
} from '../../../../../shared/engine/wasm/arena.ts';

const BYTES = 2 ** 26;

describe('a shared arena', () => {
  test('gives each of its users other memory', () => {
    const memory = createSharedMemory(BYTES);
    const [first, second] = [openSharedArena(memory), openSharedArena(memory)];
    const addresses = [first, second, first].map((arena) => arena.floats(20).byteOffset);
    expect(addresses).toEqual([ARENA_START, ARENA_START + 128, ARENA_START + 256]);
  });

  test('refuses what does not fit, with what helps', () => {
    const arena = openSharedArena(createSharedMemory(BYTES));
    expect(() => arena.bytes(BYTES)).toThrow(
      expect.objectContaining({ code: 'MEMORY', message: expect.stringMatching(/Lower --global/) }),
    );
  });
});

describe('an arena with a list of its blocks', () => {
  const LENGTHS = [3, 100, 16, 100, 5_000];

  test('gives the same blocks, of zeros, to who comes after', () => {
    const memory = createSharedMemory(BYTES);
    const blocks = new Uint32Array(BLOCKS_WORDS);
    const take = (lengths: readonly number[]) => {
      const arena = openSharedArena(memory, blocks);
      return lengths.map((length) => arena.floats(length));
    };
    const first = take(LENGTHS);
    for (const values of first) values.fill(7);
    const free = () => openSharedArena(memory).bytes(1).byteOffset;
    const before = free();
    const second = take(LENGTHS);
    expect(second.map(({ byteOffset }) => byteOffset)).toEqual(
      first.map(({ byteOffset }) => byteOffset),
    );
    for (const values of second) expect(values.every((value) => value === 0)).toBe(true);
    // In another order, the blocks are the same ones, and nothing new is taken.
    const third = take(LENGTHS.toReversed()).map(({ byteOffset }) => byteOffset);
    expect(third.toSorted()).toEqual(first.map(({ byteOffset }) => byteOffset).toSorted());
    expect(new Set(third).size).toBe(LENGTHS.length);
    expect(free()).toBe(before + 64);
  });

  test('takes new memory for what finds no block of its length', () => {
    const memory = createSharedMemory(BYTES);
    const blocks = new Uint32Array(BLOCKS_WORDS);
    const [small] = [openSharedArena(memory, blocks).floats(16)];
    const arena = openSharedArena(memory, blocks);
    const large = arena.floats(17);
    expect(large.byteOffset).toBe(small.byteOffset + 64);
    expect(arena.floats(16).byteOffset).toBe(small.byteOffset);
    expect(arena.floats(16).byteOffset).toBe(large.byteOffset + 128);
  });

  test('goes on when the list is full', () => {
    const memory = createSharedMemory(BYTES);
    const blocks = new Uint32Array(BLOCKS_WORDS);
    const count = BLOCKS_WORDS / 2 + 10;
    const takeAll = () => {
      const arena = openSharedArena(memory, blocks);
      return Array.from({ length: count }, () => arena.bytes(64).byteOffset);
    };
    const [first, second] = [takeAll(), takeAll()];
    for (const addresses of [first, second]) expect(new Set(addresses).size).toBe(count);
    expect(blocks[0]).toBe(BLOCKS_WORDS / 2 - 1);
    expect(second.filter((address) => first.includes(address))).toHaveLength(blocks[0]);
  });
});

test('an arena of one thread begins after the module’s own page', () => {
  const arena = createArena(BYTES);
  expect(arena.words(1).byteOffset).toBe(ARENA_START);
  expect(arena.words(1).byteOffset).toBe(ARENA_START + 64);
});
