import { defineConfig } from 'vitest/config';

/** `npm run test:clients`: programs that nobody here wrote, against the built lab. */
export default defineConfig({
  test: {
    include: ['test/clients/**/*.test.ts'],
    // Whole scripts of real programs run in one test; each file brings its own, tighter limits where it can.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    // Pods of all labs share the machine's ports, and the charts are installed as people install them: with upstream's.
    fileParallelism: false,
    reporters: process.env['CI'] ? ['verbose', ['json', { outputFile: 'build/clients-report.json' }]] : ['verbose'],
  },
});
