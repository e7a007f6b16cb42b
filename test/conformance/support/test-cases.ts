// oxlint-disable vitest/no-standalone-expect -- without a namespace of its own no case can run
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CASES } from '../cases/index.ts';
import { CannotTell, createWorld, eventually, type World } from './case.ts';
import { connect, type ClusterClient } from './cluster-client.ts';

/** A server that the cases run against; disposed after them. */
export interface ServerUnderTest extends AsyncDisposable {
  /** An administrator's kubeconfig, as YAML. */
  readonly kubeconfig: string;
}

/**
 * Declares a test for each case, in a namespace of this run's own. A case of `lacks` must fail, so that a lack that is
 * none any more leaves the list.
 */
export function testCases(start: () => Promise<ServerUnderTest>, lacks: Readonly<Record<string, string>> = {}): void {
  let server: ServerUnderTest | undefined;
  let api: ClusterClient;
  let world: World;
  const outside = new Set<string>();

  beforeAll(async () => {
    server = await start();
    api = connect(server.kubeconfig);
    const created = await api.call({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: 'keyferry-conformance-' } },
    });
    expect(created.code, created.text).toBe(201);
    const namespace = created.body.metadata.name as string;
    world = createWorld(api, namespace, (path) => outside.add(path));
    // No pod can be made before a controller has made the account that it runs as.
    const account = await eventually(
      () => world.get('serviceaccounts', 'default'),
      ({ code }) => code === 200,
      30_000,
    );
    expect(account.code, account.text).toBe(200);
  }, 120_000);

  afterAll(async () => {
    for (const path of outside) await api.call({ method: 'DELETE', path });
    if (world !== undefined) await api.call({ method: 'DELETE', path: `/api/v1/namespaces/${world.namespace}` });
    await server?.[Symbol.asyncDispose]();
  });

  describe.each([...new Set(CASES.map(({ id }) => id.split('/')[0] ?? ''))])('%s', (group) => {
    const cases = CASES.filter(({ id }) => id.startsWith(`${group}/`));
    for (const { id, claim, run } of cases) {
      const isLack = id in lacks;
      (isLack ? test.fails : test)(`${id}: ${claim}${isLack ? ' (a lack)' : ''}`, async ({ skip }) => {
        await run(world).catch((error: unknown) => {
          if (error instanceof CannotTell) skip(error.message);
          throw error;
        });
      });
    }
  });
}
