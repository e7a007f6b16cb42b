import { defineConfig } from 'vitest/config';

/** `npm run test:cluster`, which sets the environment: the tests on a cluster of real programs. */
export default defineConfig({
  test: {
    include: ['test/cluster/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    // A cluster has the machine for itself.
    fileParallelism: false,
  },
});
