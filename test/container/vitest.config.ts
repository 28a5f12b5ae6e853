import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/container/**/*.test.ts'],
    globalSetup: 'test/container/setup.ts',
    // Some of it waits for seven missed heartbeats and for Docker's own timers.
    testTimeout: 180_000,
    // They wait more than they compute.
    maxWorkers: 2,
    // Ryuk is a container of a foreign image; the tests remove what they make themselves.
    env: { TESTCONTAINERS_RYUK_DISABLED: 'true' },
  },
});
