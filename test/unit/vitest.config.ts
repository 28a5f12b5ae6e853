import { defineConfig } from 'vitest/config';

/** Unit tests and the simulation without its long histories, in a few seconds. */
export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts', 'test/simulation/**/*.test.ts'],
    exclude: ['test/simulation/{histories-*,crowd-of-tabs}.test.ts'],
    // These files share no state that a test changes, and a worker per file takes longer.
    isolate: false,
    // No test takes nearly as long. A test that hangs must end, on the slowest machine too.
    testTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: '100%',
  },
});
