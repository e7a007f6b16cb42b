import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CASES } from './cases/index.ts';
import { startLabApi } from './support/lab-api.ts';
import { testCases, type ServerUnderTest } from './support/test-cases.ts';

// Every case runs against the server of this kubeconfig; without one, against the lab's own.
const KUBECONFIG = process.env['KEYFERRY_CONFORMANCE_KUBECONFIG'];

/** How many lacks there may be. It is only ever lowered. */
const MOST_LACKS = 6;

const lacks = JSON.parse(readFileSync(join(import.meta.dirname, 'lacks.json'), 'utf8')) as Readonly<
  Record<string, string>
>;

describe('the list of lacks', () => {
  test('names cases that exist', () => {
    const ids = new Set(CASES.map(({ id }) => id));
    expect(Object.keys(lacks).filter((id) => !ids.has(id))).toEqual([]);
  });

  test('only shrinks', () => {
    expect(Object.keys(lacks).length).toBeLessThanOrEqual(MOST_LACKS);
  });

  test('is about cases that are told apart', () => {
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
  });
});

/** A server that somebody else runs, and that has no lacks. */
async function useServerOf(file: string): Promise<ServerUnderTest> {
  return { kubeconfig: readFileSync(file, 'utf8'), [Symbol.asyncDispose]: () => Promise.resolve() };
}

if (KUBECONFIG === undefined) testCases(startLabApi, lacks);
else testCases(() => useServerOf(KUBECONFIG));
