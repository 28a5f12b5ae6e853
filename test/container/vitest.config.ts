import { defineConfig } from 'vitest/config';

const shared = {
  globalSetup: 'test/container/setup.ts',
  // Some of it waits for seven missed heartbeats and for Docker's own timers.
  testTimeout: 180_000,
  // Ryuk is a container of a foreign image; the tests remove what they make themselves.
  env: { TESTCONTAINERS_RYUK_DISABLED: 'true' },
};
const changesEngine = 'test/container/swarm.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'containers',
          include: ['test/container/**/*.test.ts'],
          exclude: [changesEngine],
          // They wait more than they compute.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'swarm',
          include: [changesEngine],
          // By itself, afterwards: an engine that leaves its swarm forgets what the containers on its other networks are called.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
