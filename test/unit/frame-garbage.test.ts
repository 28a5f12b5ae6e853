import { expect, test } from 'vitest';
import { limitFrameGarbage } from '../../shared/frame-garbage.ts';

const megabytes = () => process.memoryUsage().arrayBuffers / 1e6;

test('buffers that nobody has any more are freed, though V8 is in no hurry', async () => {
  limitFrameGarbage();
  const before = megabytes();
  const buffers = Array.from({ length: 600 }, () => new ArrayBuffer(2 ** 20));
  expect(megabytes() - before).toBeGreaterThan(600);
  buffers.length = 0;
  await expect.poll(() => megabytes() - before).toBeLessThan(10);
});
