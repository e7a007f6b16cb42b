import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // A tier of its own: vitest.clients.config.ts.
    exclude: ['test/clients/**'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Two even on two cores, where vitest takes one: some files wait, for a kubelet's minute or a window's end.
    maxWorkers: Math.max(availableParallelism() - 1, 2),
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: 'build/test-report.json' }]] : ['default'],
  },
});
