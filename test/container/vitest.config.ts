import { defineConfig } from 'vitest/config';

const shared = {
  globalSetup: 'test/container/setup.ts',
  // Some tests wait for seven missed heartbeats and for Docker's own timers.
  testTimeout: 180_000,
  // A moment of load may cost one test its turn. The report names a test that needed this.
  retry: 1,
  // Ryuk would be a container of another image. It is not needed: the tests clean up themselves.
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
          // These tests wait more than they compute.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'swarm',
          include: [changesEngine],
          // These tests run alone, after the others. An engine that leaves its swarm forgets the
          // names of the containers on its other networks.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
