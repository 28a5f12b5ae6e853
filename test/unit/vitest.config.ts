import { defineConfig } from 'vitest/config';

export const COMMON = {
  // No test takes nearly as long. A test that hangs must end, on the slowest machine too.
  testTimeout: 180_000,
  expect: { poll: { timeout: 60_000 } },
  maxWorkers: '100%',
};

export const LONG_SIMULATIONS = ['test/simulation/{histories-*,crowd-of-tabs}.test.ts'];

/** Unit tests, and the simulation without its long histories. */
export const UNIT = {
  ...COMMON,
  include: ['test/unit/**/*.test.ts', 'test/simulation/**/*.test.ts'],
  exclude: LONG_SIMULATIONS,
  // These files share no state that a test changes, and a worker per file takes longer.
  isolate: false,
  execArgv: ['--import', './test/unit/calm-heap.ts'],
};

export default defineConfig({ test: UNIT });
