import { defineConfig } from 'vitest/config';

/** Browsers and processes. The machine may give them no time for seconds. */
const REAL = ['test/browser/**/*.test.ts', 'test/process/**/*.test.ts'];

export default defineConfig({
  test: {
    // No test takes nearly as long. A test that hangs must end, on the slowest machine too.
    testTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/container/**', ...REAL],
        },
      },
      {
        extends: true,
        // A test that fails twice has found a fault. The report says which test had a second try.
        test: { name: 'real', include: REAL, retry: 1 },
      },
    ],
  },
});
