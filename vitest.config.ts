import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Tiers of their own: vitest.clients.config.ts, vitest.endurance.config.ts, vitest.cluster.config.ts.
    exclude: ['test/clients/**', 'test/endurance/**', 'test/cluster/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What is waited for has its time on a busy machine too: by default it would be a second.
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    // Two even on two cores, where vitest takes one: some files wait, for a kubelet's minute or a window's end.
    maxWorkers: Math.max(availableParallelism() - 1, 2),
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: 'build/test-report.json' }]] : ['default'],
  },
});
