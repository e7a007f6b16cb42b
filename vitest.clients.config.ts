import { defineConfig } from 'vitest/config';

/** Files that install the chart as people do, with the driver's own ports: pods of all labs share those of the machine. */
const CHART_INSTALLS = ['test/clients/helm/{upstream-charts,migration}.test.ts', 'test/clients/chart/release.test.ts'];

/** `npm run test:clients`: programs that nobody here wrote, against the built lab. */
export default defineConfig({
  test: {
    // Whole scripts of real programs run in one test; each file brings its own, tighter limits where it can.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    reporters: process.env['CI'] ? ['verbose', ['json', { outputFile: 'build/clients-report.json' }]] : ['verbose'],
    projects: [
      {
        extends: true,
        test: {
          name: 'clients',
          include: ['test/clients/**/*.test.ts'],
          exclude: CHART_INSTALLS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'chart', include: CHART_INSTALLS, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
