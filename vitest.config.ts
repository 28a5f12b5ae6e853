import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/container/**'],
    // No test takes nearly as long. A test that hangs must end, on the slowest machine too.
    testTimeout: 180_000,
    maxWorkers: '100%',
  },
});
