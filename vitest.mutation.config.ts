import { defineConfig } from 'vitest/config';

// The unit tests that mutations are tried against. Stryker runs them in threads, where a process's umask cannot be set:
// tests that open sockets are left out.
export default defineConfig({
  test: {
    include: ['src/provider/**/*.test.ts', 'src/crypto/**/*.test.ts', 'src/driver/publish/plan-publish.test.ts'],
    testTimeout: 30_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
