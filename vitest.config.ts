import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/container/**'],
    // Nothing takes nearly as long; a test that hangs must end, on the slowest machine too.
    testTimeout: 180_000,
    maxWorkers: '100%',
  },
});
