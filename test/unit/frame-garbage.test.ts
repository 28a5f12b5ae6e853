import { expect, test } from 'vitest';
import { GARBAGE_BYTES_MAX, limitFrameGarbage } from '../../shared/frame-garbage.ts';

const MEGABYTE = 2 ** 20;
const bufferBytes = () => process.memoryUsage().arrayBuffers;

test('buffers that nobody has any more are freed, though V8 is in no hurry', async () => {
  limitFrameGarbage();
  const before = bufferBytes();
  for (let round = 0; round < 3; round++) {
    const buffers = Array.from({ length: 600 }, () => new ArrayBuffer(MEGABYTE));
    expect(bufferBytes() - before).toBeGreaterThan(600 * MEGABYTE - GARBAGE_BYTES_MAX);
    buffers.length = 0;
    await expect.poll(() => bufferBytes() - before, { timeout: 20_000 }).toBeLessThan(GARBAGE_BYTES_MAX);
  }
}, 90_000);
