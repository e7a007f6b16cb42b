import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import { createFakeRandom } from '../../base/testing/index.ts';
import { secretDigest } from './client-secret.ts';
import type { Principal } from './directory.ts';
import { openDirectory } from './directory-store.ts';

const identity: Principal = {
  type: 'ManagedIdentity',
  objectId: 'AAAAAAAA-0000-4000-8000-000000000001',
  clientId: 'BBBBBBBB-0000-4000-8000-000000000001',
  displayName: 'identity',
  secrets: [],
  federatedCredentials: [],
};

describe('the directory', () => {
  it('has a tenant, a subscription and a user from the start', () => {
    const directory = openDirectory(createMemoryStore(), createFakeRandom());
    expect(directory.principals()).toEqual([directory.user]);
    expect(directory.user.userPrincipalName).toContain(`@${directory.tenant.defaultDomain}`);
    expect(new Set([directory.tenant.tenantId, directory.subscription.subscriptionId]).size).toBe(2);
  });

  it('is the same after it was opened again', () => {
    const store = createMemoryStore();
    const first = openDirectory(store, createFakeRandom('one'));
    first.put(identity);
    const again = openDirectory(store, createFakeRandom('two'));
    expect(again.tenant).toEqual(first.tenant);
    expect(again.user).toEqual(first.user);
    expect(again.byClientId(identity.clientId ?? '')).toEqual(identity);
  });

  it('finds principals whatever the case of their ids', () => {
    const directory = openDirectory(createMemoryStore(), createFakeRandom());
    directory.put(identity);
    expect(directory.byClientId('bbbbbbbb-0000-4000-8000-000000000001')).toEqual(identity);
    expect(directory.byObjectId('aaaaaaaa-0000-4000-8000-000000000001')).toEqual(identity);
  });

  it('forgets what was removed, also under its client id', () => {
    const store = createMemoryStore();
    const directory = openDirectory(store, createFakeRandom());
    directory.put(identity);
    directory.remove(identity.objectId);
    expect(directory.byClientId(identity.clientId ?? '')).toBeUndefined();
    expect(openDirectory(store, createFakeRandom()).byObjectId(identity.objectId)).toBeUndefined();
  });

  it('keeps applications and groups, and what was removed stays away', () => {
    const store = createMemoryStore();
    const first = openDirectory(store, createFakeRandom());
    const { clientId } = first.createApplication({ displayName: 'kept' });
    const gone = first.createApplication({ displayName: 'gone' });
    first.removeApplication(first.applicationByClientId(gone.clientId)?.objectId ?? '');
    for (const name of ['team', 'gone']) {
      first.putGroup({ objectId: name, displayName: name, mailNickname: name, memberIds: [first.user.objectId] });
    }
    first.removeGroup('gone');
    const again = openDirectory(store, createFakeRandom('two'));
    expect(again.applications().map((application) => application.clientId)).toEqual([clientId]);
    expect(again.applicationByClientId(clientId.toUpperCase())).toEqual(first.applicationByClientId(clientId));
    expect(again.groupsOf(first.user.objectId)).toEqual(['team']);
  });

  it('does not give its user up', () => {
    const directory = openDirectory(createMemoryStore(), createFakeRandom());
    expect(() => directory.remove(directory.user.objectId)).toThrow(/cannot be removed/);
  });

  it('keeps the digest of an application secret, never the secret', () => {
    const store = createMemoryStore();
    const { clientId, secret } = openDirectory(store, createFakeRandom()).createApplication({ displayName: 'ci' });
    const kept = openDirectory(store, createFakeRandom()).applicationByClientId(clientId);
    expect(kept?.secrets.map(({ sha256 }) => sha256)).toEqual([secretDigest(secret.expose())]);
    expect(JSON.stringify(store.list(''))).not.toContain(secret.expose());
    expect(JSON.stringify({ secret })).toBe('{"secret":"[redacted]"}');
  });
});
