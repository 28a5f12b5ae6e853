import { describe, expect, test } from 'vitest';
import { createBufferPool } from '../../../../coordinator/reduction/buffer-pool.ts';

describe('a buffer pool', () => {
  function createPool() {
    const allocated: number[] = [];
    const pool = createBufferPool((length) => {
      allocated.push(length);
      return new Float32Array(length);
    });
    return { pool, allocated };
  }

  test('lends a released vector again, whatever it contains, and allocates no other', () => {
    const { pool, allocated } = createPool();
    const vector = pool.acquire(4);
    vector.fill(7);
    pool.release(vector);
    expect(pool.acquire(4)).toBe(vector);
    expect(vector[0]).toBe(7);
    expect(allocated).toEqual([4]);
  });

  test('lends a vector to one caller at a time', () => {
    const { pool, allocated } = createPool();
    const [first, second] = [pool.acquire(4), pool.acquire(4)];
    expect(first).not.toBe(second);
    pool.release(second);
    pool.release(first);
    expect(new Set([pool.acquire(4), pool.acquire(4)])).toEqual(new Set([first, second]));
    expect(pool.acquire(4)).toHaveLength(4);
    expect(allocated).toEqual([4, 4, 4]);
  });

  test('lends no vector of another length', () => {
    const { pool, allocated } = createPool();
    pool.release(pool.acquire(4));
    expect(pool.acquire(3)).toHaveLength(3);
    expect(pool.acquire(0)).toHaveLength(0);
    expect(allocated).toEqual([4, 3, 0]);
  });
});
