import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mergeReports } from './report.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-report-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes vitest's report of a run and answers its path. */
function report(name: string, numPassedTests: number, numFailedTests: number): string {
  const path = join(folder, name);
  const numTotalTests = numPassedTests + numFailedTests;
  const counts = { numTotalTests, numPassedTests, numFailedTests, numPendingTests: 0, testResults: [{ name }] };
  writeFileSync(path, JSON.stringify(counts));
  return path;
}

function merge(paths: readonly string[], skipped: readonly string[]): unknown {
  const output = join(folder, 'all.json');
  mergeReports(paths, skipped, output);
  return JSON.parse(readFileSync(output, 'utf8'));
}

test('the tests of all runs count, and what was skipped is told', () => {
  expect(merge([report('a', 3, 1), report('b', 2, 0)], ['Kubernetes 1.36: no go'])).toEqual({
    numTotalTests: 6,
    numPassedTests: 5,
    numFailedTests: 1,
    numPendingTests: 0,
    testResults: [{ name: 'a' }, { name: 'b' }],
    skipped: ['Kubernetes 1.36: no go'],
  });
});

test('a run that broke before it could tell is a failure', () => {
  expect(merge([report('a', 3, 0), join(folder, 'none')], [])).toMatchObject({ numPassedTests: 3, numFailedTests: 1 });
});

test('where all is skipped nothing has failed', () => {
  expect(merge([], ['not root'])).toMatchObject({ numTotalTests: 0, numFailedTests: 0, skipped: ['not root'] });
});
