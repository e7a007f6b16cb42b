import { beforeEach, describe, expect, it } from 'vitest';
import { NAMESPACES, pod } from '../testing/objects.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { waitForDefaultAccount } from './default-account.ts';

const ACCOUNTS = { group: '', version: 'v1', resource: 'serviceaccounts' };

let api: TestApi;
let isDone: boolean;

beforeEach(async () => {
  api = await createTestApi();
  await api.access.create(NAMESPACES, undefined, { metadata: { name: 'new' } });
});

/** Begins to wait for the account of a pod in `namespace`; `isDone` tells whether that is over. */
async function begin(namespace: string, spec: Readonly<Record<string, unknown>> = {}) {
  isDone = false;
  const kind = api.context.kinds.get({ group: '', version: 'v1', resource: 'pods' });
  const context = { api: api.context, stopping: new AbortController().signal };
  const target = { kind, namespace, name: '' };
  const waiting = waitForDefaultAccount(context, target, pod('p', spec)).then(() => {
    isDone = true;
  });
  await api.clock.advance(0);
  return { waiting };
}

describe('a pod of a new namespace', () => {
  it('waits for the account that the controller makes', async () => {
    const { waiting } = await begin('new');
    expect(isDone).toBe(false);
    await api.access.create(ACCOUNTS, 'new', { metadata: { name: 'default' } });
    await api.clock.advance(200);
    await waiting;
    expect(isDone).toBe(true);
  });

  it('waits no longer than two seconds', async () => {
    const { waiting } = await begin('new');
    for (let step = 0; step < 20; step += 1) await api.clock.advance(100);
    await waiting;
    expect(isDone).toBe(true);
  });

  it.each([
    ['that names another account', 'new', { serviceAccountName: 'own' }],
    ['whose account is there', 'default', {}],
    ['whose namespace is not there', 'nowhere', {}],
  ])('%s does not wait', async (_what, namespace, spec) => {
    await begin(namespace, spec);
    expect(isDone).toBe(true);
  });
});
