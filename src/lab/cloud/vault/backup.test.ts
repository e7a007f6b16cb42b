import { beforeEach, describe, expect, it } from 'vitest';
import { SUBSCRIPTION_ID } from '../rest/testing/index.ts';
import { baseVault, createVaultScene, OTHER_ID, type VaultScene } from './testing/vault-scene.ts';

let scene: VaultScene;

beforeEach(() => {
  scene = createVaultScene();
});

describe('a backup', () => {
  const backUp = async (name: string): Promise<string> =>
    (await scene.send('POST', `/secrets/${name}/backup`)).body.value;
  const restore = (value: string, host = 'kv1.vault.azure.net') =>
    scene.send('POST', '/secrets/restore', { body: { value }, host });

  it('brings all versions into another vault, with their ids, dates, tags and the latest value', async () => {
    scene.vaults.set('kv2', { ...baseVault, name: 'Kv2', armId: baseVault.armId.replace('Kv1', 'Kv2') });
    const first = (await scene.setSecret('Name', 'one', { tags: { a: 'b' } })).body.id.split('/').at(-1);
    await scene.setSecret('Name', 'two', { contentType: 'text', attributes: { nbf: 1, exp: 2 } });
    const latest = (await scene.send('GET', '/secrets/name')).body;

    const restored = await restore(await backUp('NAME'), 'kv2.vault.azure.net');
    expect(restored.status).toBe(200);
    expect(restored.body).toEqual({
      ...latest,
      value: undefined,
      id: latest.id.replace('kv1', 'kv2'),
    });
    const there = (path: string) => scene.send('GET', path, { host: 'kv2.vault.azure.net' });
    expect((await there('/secrets/Name')).body.value).toBe('two');
    expect((await there(`/secrets/Name/${first}`)).body).toMatchObject({ value: 'one', tags: { a: 'b' } });
    expect((await there('/secrets/Name/versions')).body.value).toHaveLength(2);
  });

  it('brings a purged secret back, and never overwrites one', async () => {
    await scene.setSecret('s', 'one');
    const backup = await backUp('s');
    const taken = await restore(backup);
    expect([taken.status, taken.body.error.code]).toEqual([409, 'Conflict']);
    expect(taken.body.error.message).toContain(
      "There was a conflict restoring the secret 'https://kv1.vault.azure.net/secrets/s/",
    );
    await scene.send('DELETE', '/secrets/s');
    const deleted = await restore(backup);
    expect([deleted.status, deleted.body.error.innererror]).toEqual([409, { code: 'ObjectIsDeletedButRecoverable' }]);
    await scene.send('DELETE', '/deletedsecrets/s');
    expect((await restore(backup)).status).toBe(200);
    expect((await scene.send('GET', '/secrets/s')).body.value).toBe('one');
  });

  it('tells nothing of the value', async () => {
    await scene.setSecret('s', 'a very secret value');
    const bytes = Buffer.from(await backUp('s'), 'base64url').toString('latin1');
    expect(bytes).not.toContain('secret value');
  });

  it.each([
    ['nothing', () => ''],
    ['other bytes', () => Buffer.alloc(4728).toString('base64url')],
    ['one with a changed byte', (backup: string) => `${backup.slice(0, -8)}AAAA${backup.slice(-4)}`],
    ['one that was cut', (backup: string) => backup.slice(0, -8)],
  ])('that is %s is refused', async (_what, spoil) => {
    await scene.setSecret('s', 'one');
    const backup = await backUp('s');
    await scene.send('DELETE', '/secrets/s');
    await scene.send('DELETE', '/deletedsecrets/s');
    const { status, body } = await restore(spoil(backup));
    expect([status, body.error.code]).toEqual([400, 'BadParameter']);
  });

  it('from a vault of another subscription is refused', async () => {
    const armId = baseVault.armId.replace(SUBSCRIPTION_ID, OTHER_ID);
    scene.vaults.set('kv2', { ...baseVault, name: 'Kv2', armId });
    await scene.setSecret('s', 'one');
    const { status, body } = await restore(await backUp('s'), 'kv2.vault.azure.net');
    expect([status, body.error.message]).toEqual([400, 'Backup blob contains invalid or corrupt version.']);
  });

  it('of no secret is 404', async () => {
    expect((await scene.send('POST', '/secrets/none/backup')).body.error.code).toBe('SecretNotFound');
  });
});
