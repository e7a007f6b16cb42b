import { defineConfig } from 'vitest/config';

const AREAS = ['driver', 'provider', 'secretclass', 'secretsync'];

// How much of the production code on the way of a secret its tests in one process run through: each area for itself.
export default defineConfig({
  test: {
    include: [`src/{${AREAS.join(',')}}/**/*.test.ts`, 'test/integration/{driver-cluster,provider-mount}.test.ts'],
    testTimeout: 30_000,
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    coverage: {
      enabled: true,
      provider: 'v8',
      include: AREAS.map((area) => `src/${area}/**/*.ts`),
      exclude: ['**/*.test.ts', '**/testing/**', '**/index.ts'],
      reportsDirectory: 'build/coverage',
      reporter: ['text-summary', 'json-summary', 'html'],
      thresholds: Object.fromEntries(
        AREAS.map((area) => [`src/${area}/**/*.ts`, { statements: 90, lines: 90, functions: 90, branches: 85 }]),
      ),
    },
  },
});
