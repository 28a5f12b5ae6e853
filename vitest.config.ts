import { defineConfig } from 'vitest/config';
import { COMMON, LONG_SIMULATIONS, UNIT } from './test/unit/vitest.config.ts';

export default defineConfig({
  test: {
    ...COMMON,
    projects: [
      { test: { ...UNIT, name: 'unit' } },
      {
        extends: true,
        test: { name: 'long', include: ['test/integration/**/*.test.ts', ...LONG_SIMULATIONS] },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/browser/**/*.test.ts', 'test/process/**/*.test.ts'],
          // The machine may give browsers and processes no time for seconds. A test that fails
          // twice has found a fault. The report says which test had a second try.
          retry: 1,
        },
      },
    ],
  },
});
