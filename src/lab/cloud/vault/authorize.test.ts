import { beforeEach, describe, expect, it } from 'vitest';
import { TENANT_ID, USER } from '../rest/testing/index.ts';
import { baseVault, createVaultScene, OTHER_ID, POD, type VaultScene } from './testing/vault-scene.ts';

let scene: VaultScene;

beforeEach(() => {
  scene = createVaultScene();
});

describe('access policies', () => {
  const OPERATIONS: [string, string, string, unknown?][] = [
    ['list', 'GET', '/secrets'],
    ['set', 'PUT', '/secrets/s', { value: 'v' }],
    ['get', 'GET', '/secrets/s'],
    ['list', 'GET', '/secrets/s/versions'],
    ['set', 'PATCH', '/secrets/s', {}],
    ['delete', 'DELETE', '/secrets/s'],
    ['list', 'GET', '/deletedsecrets'],
    ['get', 'GET', '/deletedsecrets/s'],
    ['recover', 'POST', '/deletedsecrets/s/recover'],
    ['purge', 'DELETE', '/deletedsecrets/s'],
  ];
  const allow = (secrets: string[], more: object = {}) => {
    scene.vaults.set('kv1', {
      ...baseVault,
      accessPolicies: [{ tenantId: TENANT_ID, objectId: OTHER_ID, permissions: { secrets }, ...more }],
    });
  };

  it.each(OPERATIONS)('want %s for %s %s', async (verb, method, path, body) => {
    const sent = { token: POD, ...(body === undefined ? {} : { body }) };
    allow(['get', 'list', 'set', 'delete', 'recover', 'purge', 'backup', 'restore'].filter((other) => other !== verb));
    const refused = await scene.send(method, path, sent);
    expect([refused.status, refused.body.error]).toEqual([
      403,
      {
        code: 'Forbidden',
        message: `The user, group or application 'appid=${POD.appid};oid=${OTHER_ID};iss=https://sts.windows.net/${TENANT_ID}/' does not have secrets ${verb} permission on key vault 'Kv1;location=eastus'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287`,
        innererror: { code: 'ForbiddenByPolicy' },
      },
    ]);
    allow([verb.toUpperCase()]);
    expect((await scene.send(method, path, sent)).status).not.toBe(403);
  });

  it('hold for who is in the group that they name', async () => {
    allow(['list']);
    expect((await scene.send('GET', '/secrets', { token: { ...POD, oid: 'a-member' } })).status).toBe(403);
    expect(
      (await scene.send('GET', '/secrets', { token: { ...POD, oid: 'a-member', groups: [OTHER_ID] } })).status,
    ).toBe(200);
  });

  it('tell nobody without a permission whether a secret exists', async () => {
    allow([]);
    expect((await scene.send('GET', '/secrets/nope', { token: POD })).status).toBe(403);
  });

  it('name the managed identity of the caller', async () => {
    allow([]);
    const answer = await scene.send('GET', '/secrets/s', { token: { ...POD, armId: '/subscriptions/x/y' } });
    expect(answer.body.error.message).toContain(";xmsmirid=/subscriptions/x/y' does not");
  });

  it.each([
    ['another object id', { objectId: USER.objectId }, 403],
    ['another tenant', { tenantId: OTHER_ID }, 403],
    ['another application', { applicationId: OTHER_ID }, 403],
    ['the same application', { applicationId: POD.appid }, 404],
  ])('for %s answer %o with %i', async (_what, more, status) => {
    allow(['get'], more);
    expect((await scene.send('GET', '/secrets/s', { token: POD })).status).toBe(status);
  });
});

describe('a vault with RBAC', () => {
  it('ignores access policies, refuses without a role, and asks for the data action at the right scope', async () => {
    scene.vaults.set('kv1', { ...baseVault, rbac: true });
    const scope = baseVault.armId.toLowerCase();
    const refused = await scene.send('GET', '/secrets/Sec');
    expect(refused.status).toBe(403);
    expect(refused.body.error).toMatchObject({ code: 'Forbidden', innererror: { code: 'ForbiddenByRbac' } });
    expect(refused.body.error.message).toContain(
      "\r\nAction: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\n",
    );
    expect(refused.body.error.message).toContain(`\r\nResource: '${scope}/secrets/sec'\r\n`);

    const asked: string[][] = [];
    scene.roles = (...question) => {
      asked.push(question);
      return { grant: { assignmentId: 'a-1', role: 'Key Vault Reader', scope }, others: [] };
    };
    expect((await scene.send('GET', '/secrets')).status).toBe(200);
    expect(asked).toEqual([[USER.objectId, 'Microsoft.KeyVault/vaults/secrets/readMetadata/action', scope]]);
  });
});
