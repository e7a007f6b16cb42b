import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import type { KubeClient } from '#kube';
import { createFakeClock } from '../base/testing/index.ts';
import { createServiceAccounts } from './service-accounts.ts';

const KEY = { namespace: 'team', name: 'reader' };
const LIFETIME_MS = 15_000;

function setUp(answer: () => unknown) {
  const clock = createFakeClock();
  const asked: string[] = [];
  const get: KubeClient['get'] = async (resource, key) => {
    asked.push(`${resource.resource} ${key.namespace}/${key.name}`);
    return (await answer()) as never;
  };
  return { clock, asked, accounts: createServiceAccounts({ clock, client: { get }, lifetimeMs: LIFETIME_MS }) };
}

const annotated = (annotations: Record<string, string>) => ({ metadata: { name: 'reader', annotations } });
const CLIENT = 'azure.workload.identity/client-id';
const TENANT = 'azure.workload.identity/tenant-id';

describe('a service account', () => {
  it('names client and tenant by its annotations', async () => {
    const { accounts } = setUp(() => annotated({ [CLIENT]: ' c ', [TENANT]: 't' }));
    expect(await accounts.read(KEY)).toEqual({ name: 'team/reader', clientId: 'c', tenantId: 't', unread: undefined });
  });

  it('without annotations names nothing', async () => {
    const { accounts } = setUp(() => ({ metadata: { name: 'reader' } }));
    expect(await accounts.read(KEY)).toMatchObject({ clientId: '', tenantId: '', unread: undefined });
  });

  it('is read once for all who ask at the same time, and again after its lifetime', async () => {
    let client = 'first';
    const { accounts, asked, clock } = setUp(() => annotated({ [CLIENT]: client }));
    const all = await Promise.all([accounts.read(KEY), accounts.read(KEY), accounts.read(KEY)]);
    expect(all.map(({ clientId }) => clientId)).toEqual(['first', 'first', 'first']);
    client = 'second';
    await clock.advance(LIFETIME_MS - 1);
    expect((await accounts.read(KEY)).clientId).toBe('first');
    await clock.advance(1);
    expect((await accounts.read(KEY)).clientId).toBe('second');
    expect(asked).toEqual(['serviceaccounts team/reader', 'serviceaccounts team/reader']);
  });

  it('that names nothing is looked at anew by the next mount, as somebody may have annotated it since', async () => {
    let annotations: Record<string, string> = {};
    const { accounts } = setUp(() => annotated(annotations));
    expect((await accounts.read(KEY)).clientId).toBe('');
    annotations = { [CLIENT]: 'c' };
    expect((await accounts.read(KEY)).clientId).toBe('c');
  });

  it('of the same name in another namespace is another', async () => {
    const { accounts, asked } = setUp(() => annotated({}));
    await accounts.read(KEY);
    await accounts.read({ ...KEY, namespace: 'other' });
    expect(asked).toHaveLength(2);
  });

  it('that could not be read says why, and is asked for again by the next mount', async () => {
    let failure: Error | undefined = new KeyferryError('permission-denied', 'serviceaccounts "reader" is forbidden');
    const { accounts } = setUp(() => (failure === undefined ? annotated({ [CLIENT]: 'c' }) : Promise.reject(failure)));
    expect((await accounts.read(KEY)).unread).toMatch(/forbidden .*secretproviderclasses-role/);
    failure = new KeyferryError('unavailable', 'connection refused');
    expect((await accounts.read(KEY)).unread).toBe('connection refused');
    failure = undefined;
    expect(await accounts.read(KEY)).toMatchObject({ clientId: 'c', unread: undefined });
  });

  it('cannot be read without an API server, or without its name', async () => {
    const none = createServiceAccounts({ clock: createFakeClock(), client: undefined });
    expect((await none.read(KEY)).unread).toContain('--kubeconfig');
    const { accounts, asked } = setUp(() => annotated({}));
    expect((await accounts.read({ ...KEY, name: '' })).unread).toContain('kubelet');
    expect(asked).toEqual([]);
  });
});
