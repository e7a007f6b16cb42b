import { defineConfig } from 'vitest/config';

const REPORTERS = ['verbose', './test/endurance/fuzz-reporter.ts'];

/** `npm run test:endurance`: crashes, load and a million inputs, in numbers that `npm test` has no time for. */
export default defineConfig({
  test: {
    include: ['test/endurance/**/*.test.ts', '{src,test}/**/*.fuzz.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    maxWorkers: 2,
    // How many times the inputs of `npm test` the fuzzed parsers are given.
    env: { KEYFERRY_FUZZ_FACTOR: '100' },
    reporters: process.env['CI'] ? [...REPORTERS, ['json', { outputFile: 'build/endurance-report.json' }]] : REPORTERS,
  },
});
