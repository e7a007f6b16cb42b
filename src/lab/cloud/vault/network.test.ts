import { beforeEach, describe, expect, it } from 'vitest';
import { TENANT_ID, USER } from '../rest/testing/index.ts';
import type { VaultRecord } from './index.ts';
import { baseVault, createVaultScene, type VaultScene } from './testing/vault-scene.ts';

let scene: VaultScene;

beforeEach(() => {
  scene = createVaultScene();
});

describe('the network', () => {
  const reach = async (network: Partial<VaultRecord['network']>) => {
    scene.vaults.set('kv1', { ...baseVault, network: { ...baseVault.network, ...network } });
    return scene.send('GET', '/secrets');
  };
  const CALLER = `appid=04b07795-8ddb-461a-bbee-02f9e1bf7b46;oid=${USER.objectId};iss=https://sts.windows.net/${TENANT_ID}/`;

  it('is refused by a firewall that does not name the client', async () => {
    const answer = await reach({ denyByDefault: true, allowedRanges: ['20.1.2.3/32'] });
    expect([answer.status, answer.body.error]).toEqual([
      403,
      {
        code: 'Forbidden',
        message:
          'Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1\r\n' +
          `Caller: ${CALLER}\r\nVault: Kv1;location=eastus`,
        innererror: { code: 'ForbiddenByFirewall' },
      },
    ]);
  });

  it('is refused by a vault without public access, whatever its rules', async () => {
    const answer = await reach({ publicAccess: 'Disabled', allowedRanges: ['0.0.0.0/0'] });
    expect([answer.status, answer.body.error.innererror]).toEqual([403, { code: 'ForbiddenByConnection' }]);
    expect(answer.body.error.message).toContain('Public network access is disabled');
  });

  it.each([
    ['a rule for its address', { denyByDefault: true, allowedRanges: ['127.0.0.1/32'] }],
    ['a rule for its range', { denyByDefault: true, allowedRanges: ['20.1.2.3/32', '127.0.0.0/8'] }],
    ['rules that do not count', { denyByDefault: false, allowedRanges: ['20.1.2.3/32'] }],
  ])('lets the client in by %s', async (_what, network) => {
    expect((await reach(network)).status).toBe(200);
  });

  it('is looked at after the token', async () => {
    await reach({ denyByDefault: true });
    expect((await scene.send('GET', '/secrets', { token: null })).status).toBe(401);
  });
});
