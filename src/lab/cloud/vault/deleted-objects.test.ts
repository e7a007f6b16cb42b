import { beforeEach, describe, expect, it } from 'vitest';
import { baseVault, createVaultScene, type VaultScene } from './testing/vault-scene.ts';

let scene: VaultScene;

beforeEach(() => {
  scene = createVaultScene();
});

describe('a deleted secret', () => {
  const nowSeconds = Date.UTC(2026, 0, 1) / 1000;

  beforeEach(async () => {
    await scene.setSecret('Sec', 'one');
    await scene.setSecret('Sec', 'two');
  });

  it('is gone from the live ones and its name is taken until it is purged', async () => {
    const deleted = await scene.send('DELETE', '/secrets/sec');
    expect(deleted.status).toBe(200);
    expect(deleted.body).toMatchObject({
      recoveryId: 'https://kv1.vault.azure.net/deletedsecrets/Sec',
      deletedDate: nowSeconds,
      scheduledPurgeDate: nowSeconds + 90 * 86_400,
    });
    expect(deleted.body).not.toHaveProperty('value');
    expect((await scene.send('GET', '/secrets/Sec')).status).toBe(404);
    expect((await scene.send('GET', '/secrets')).body.value).toEqual([]);
    expect((await scene.send('GET', '/deletedsecrets')).body.value).toHaveLength(1);
    const again = await scene.setSecret('sec', 'three');
    expect([again.status, again.body.error]).toEqual([
      409,
      {
        code: 'Conflict',
        message:
          'Secret Sec is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.',
        innererror: { code: 'ObjectIsDeletedButRecoverable' },
      },
    ]);
    expect((await scene.send('DELETE', '/deletedsecrets/Sec')).status).toBe(204);
    expect((await scene.send('GET', '/deletedsecrets/Sec')).body.error).toMatchObject({
      code: 'SecretNotFound',
      message: 'Deleted Secret not found: Sec',
    });
    expect((await scene.setSecret('sec', 'three')).status).toBe(200);
    expect((await scene.send('GET', '/secrets/sec/versions')).body.value).toHaveLength(1);
  });

  it('comes back with all its versions', async () => {
    await scene.send('DELETE', '/secrets/Sec');
    expect((await scene.send('POST', '/deletedsecrets/Sec/recover')).status).toBe(200);
    expect((await scene.send('GET', '/secrets/Sec')).body.value).toBe('two');
    expect((await scene.send('GET', '/secrets/Sec/versions')).body.value).toHaveLength(2);
  });

  it('is forgotten when its retention is over', async () => {
    await scene.send('DELETE', '/secrets/Sec');
    await scene.clock.advance(90 * 86_400_000 - 1);
    expect((await scene.send('GET', '/deletedsecrets/Sec')).status).toBe(200);
    await scene.clock.advance(1);
    expect((await scene.send('GET', '/deletedsecrets/Sec')).status).toBe(404);
    expect((await scene.send('GET', '/secrets/Sec')).status).toBe(404);
  });

  it('cannot be purged where the vault has purge protection', async () => {
    scene.vaults.set('kv1', { ...baseVault, purgeProtection: true, softDeleteRetentionDays: 7 });
    expect((await scene.send('DELETE', '/secrets/Sec')).body.attributes).toMatchObject({
      recoveryLevel: 'CustomizedRecoverable',
      recoverableDays: 7,
    });
    const purge = await scene.send('DELETE', '/deletedsecrets/Sec');
    expect([purge.status, purge.body.error.code]).toEqual([403, 'Forbidden']);
    expect((await scene.send('GET', '/deletedsecrets/Sec')).status).toBe(200);
  });
});
