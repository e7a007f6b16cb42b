// oxlint-disable vitest/no-standalone-expect -- without a namespace of its own no case can run
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CASES } from './cases/index.ts';
import { connect, type ClusterClient } from './support/cluster-client.ts';
import { createWorld, type World } from './support/case.ts';
import { startLabApi } from './support/lab-api.ts';

// Every case runs against the server of this kubeconfig; without one, against the lab's own.
const KUBECONFIG = process.env['KEYFERRY_CONFORMANCE_KUBECONFIG'];

/** How many lacks there may be. It is only ever lowered. */
const MOST_LACKS = 6;

const lacks = JSON.parse(readFileSync(join(import.meta.dirname, 'lacks.json'), 'utf8')) as Readonly<
  Record<string, string>
>;

let lab: Awaited<ReturnType<typeof startLabApi>> | undefined;
let api: ClusterClient;
let world: World;
const outside = new Set<string>();

beforeAll(async () => {
  if (KUBECONFIG === undefined) lab = await startLabApi();
  api = connect(lab?.kubeconfig ?? readFileSync(KUBECONFIG ?? '', 'utf8'));
  const created = await api.call({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: 'keyferry-conformance-' } },
  });
  expect(created.code, created.text).toBe(201);
  world = createWorld(api, created.body.metadata.name as string, (path) => outside.add(path));
});

afterAll(async () => {
  for (const path of outside) await api.call({ method: 'DELETE', path });
  if (world !== undefined) await api.call({ method: 'DELETE', path: `/api/v1/namespaces/${world.namespace}` });
  await lab?.[Symbol.asyncDispose]();
});

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

describe.each([...new Set(CASES.map(({ id }) => id.split('/')[0] ?? ''))])('%s', (group) => {
  const cases = CASES.filter(({ id }) => id.startsWith(`${group}/`));
  for (const { id, claim, run } of cases) {
    // A lack that is none any more fails here, so that it leaves the list. Other servers have no lacks.
    const isLack = KUBECONFIG === undefined && id in lacks;
    (isLack ? test.fails : test)(`${id}: ${claim}${isLack ? ' (a lack)' : ''}`, () => run(world));
  }
});
