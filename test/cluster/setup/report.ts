import { readFileSync, writeFileSync } from 'node:fs';

/** What vitest's JSON report counts. */
interface Counts {
  readonly numTotalTests: number;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly unknown[];
}

const NONE: Counts = { numTotalTests: 0, numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, testResults: [] };

/**
 * Writes one report of several runs, with what was skipped and why. A run whose report is not there counts as one failed test:
 * it broke before it could tell.
 */
export function mergeReports(paths: readonly string[], skipped: readonly string[], output: string): void {
  const sum = paths.map(readReport).reduce(
    (all, one) => ({
      numTotalTests: all.numTotalTests + one.numTotalTests,
      numPassedTests: all.numPassedTests + one.numPassedTests,
      numFailedTests: all.numFailedTests + one.numFailedTests,
      numPendingTests: all.numPendingTests + one.numPendingTests,
      testResults: [...all.testResults, ...one.testResults],
    }),
    NONE,
  );
  writeFileSync(output, JSON.stringify({ ...sum, skipped }, null, 2));
}

function readReport(path: string): Counts {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Counts;
  } catch {
    return { ...NONE, numTotalTests: 1, numFailedTests: 1 };
  }
}
