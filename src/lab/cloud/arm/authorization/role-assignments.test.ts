import { describe, expect, it } from 'vitest';
import { USER } from '../../rest/testing/index.ts';
import { createArmLab, SUBSCRIPTION, type ArmLab, type Caller } from '../testing/index.ts';

const GROUP = `${SUBSCRIPTION}/resourceGroups/rg`;
const VAULT = `${GROUP}/providers/Microsoft.KeyVault/vaults/roles-test`;
const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const CONTRIBUTOR = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const SECRETS_USER = '4633458b-17de-408a-b874-0445c86b69e6';
const DATA_ACCESS_ADMINISTRATOR = '8b54135c-b56d-4d72-a534-26097cfdc8d8';
const APP: Caller = { oid: '55555555-5555-5555-5555-555555555555', appid: '66666666-6666-6666-6666-666666666666' };
const GET_SECRET = 'Microsoft.KeyVault/vaults/secrets/getSecret/action';

const guid = (n: number) => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;
const assignmentPath = (scope: string, n = 1) =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${guid(n)}`;
const roleId = (role: string) => `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
const wanted = (role: string, principalId = APP.oid, more: object = {}) => ({
  properties: { roleDefinitionId: roleId(role), principalId, ...more },
});

/** A group with a vault in it, and an application without any role. */
async function createLab(): Promise<ArmLab> {
  const lab = createArmLab();
  lab.directory.put({
    type: 'Application',
    objectId: APP.oid,
    clientId: APP.appid,
    displayName: 'app',
    secrets: [],
    federatedCredentials: [],
  });
  await lab.send('PUT', GROUP, { location: 'eastus' });
  await lab.send('PUT', VAULT, {
    location: 'eastus',
    properties: { tenantId: guid(0), sku: { family: 'A', name: 'standard' }, accessPolicies: [] },
  });
  return lab;
}

describe('a role assignment', () => {
  it('is made with 201, shown, and shown again after a restart', async () => {
    const lab = await createLab();
    const made = await lab.send('PUT', assignmentPath(GROUP), wanted(READER));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      id: assignmentPath(GROUP),
      name: guid(1),
      type: 'Microsoft.Authorization/roleAssignments',
      properties: {
        scope: GROUP,
        roleDefinitionId: roleId(READER),
        principalId: APP.oid,
        principalType: 'ServicePrincipal',
        createdBy: USER.objectId,
      },
    });
    const again = lab.restarted();
    expect((await again.send('GET', assignmentPath(GROUP))).body).toEqual(made.body);
    expect((await again.send('GET', SUBSCRIPTION)).status).toBe(200);
  });

  it('is deleted with 200, and with 204 when it is not there', async () => {
    const lab = await createLab();
    await lab.send('PUT', assignmentPath(GROUP), wanted(READER));
    expect((await lab.send('DELETE', assignmentPath(GROUP))).status).toBe(200);
    expect((await lab.send('DELETE', assignmentPath(GROUP))).status).toBe(204);
    expect((await lab.send('GET', assignmentPath(GROUP))).body).toMatchObject({
      error: { code: 'RoleAssignmentNotFound' },
    });
  });

  it('may change its description, and neither role, principal nor scope', async () => {
    const lab = await createLab();
    await lab.send('PUT', assignmentPath(GROUP), wanted(READER));
    const told = await lab.send('PUT', assignmentPath(GROUP), wanted(READER, APP.oid, { description: 'for CI' }));
    expect(told).toMatchObject({ status: 200, body: { properties: { description: 'for CI' } } });
    expect(await lab.send('PUT', assignmentPath(GROUP), wanted(CONTRIBUTOR))).toMatchObject({
      status: 409,
      body: { error: { code: 'RoleAssignmentUpdateNotPermitted' } },
    });
  });

  it('exists once for a role, a principal and a scope, whatever its name', async () => {
    const lab = await createLab();
    await lab.send('PUT', assignmentPath(GROUP, 1), wanted(READER));
    const twin = await lab.send('PUT', assignmentPath(GROUP, 2), wanted(READER));
    expect(twin).toMatchObject({ status: 409, body: { error: { code: 'RoleAssignmentExists' } } });
    expect(twin.body['error']?.['message']).toContain(guid(1).replaceAll('-', ''));
    expect((await lab.send('PUT', assignmentPath(VAULT, 2), wanted(READER))).status).toBe(201);
  });

  it.each([
    ['a principal that does not exist', GROUP, wanted(READER, guid(9)), 400, 'PrincipalNotFound'],
    ['a client id in place of the object id', GROUP, wanted(READER, APP.appid), 400, 'PrincipalNotFound'],
    [
      'another type than the principal has',
      GROUP,
      wanted(READER, APP.oid, { principalType: 'User' }),
      400,
      'UnmatchedPrincipalType',
    ],
    ['a role that does not exist', GROUP, wanted(guid(9)), 404, 'RoleDefinitionDoesNotExist'],
    ['no role', GROUP, { properties: { principalId: APP.oid } }, 400, 'BadRequest'],
    [
      'a group that does not exist',
      `${SUBSCRIPTION}/resourceGroups/none`,
      wanted(READER),
      404,
      'ResourceGroupNotFound',
    ],
    ['a vault that does not exist', `${VAULT}x`, wanted(READER), 404, 'ResourceNotFound'],
  ])('for %s is refused', async (_what, scope, body, status, code) => {
    const lab = await createLab();
    expect(await lab.send('PUT', assignmentPath(scope), body)).toMatchObject({ status, body: { error: { code } } });
  });

  it.each([
    ['at the group', GROUP, '', [OWNER, CONTRIBUTOR, READER]],
    ['at the group and above', GROUP, '$filter=atScope()', [OWNER, CONTRIBUTOR]],
    ['of one principal', SUBSCRIPTION, `$filter=principalId eq '${APP.oid}'`, [CONTRIBUTOR, READER]],
    ['assigned to one principal', SUBSCRIPTION, `$filter=assignedTo('${USER.objectId}')`, [OWNER]],
    ['of one principal, above', VAULT, `$filter=atScope() and assignedTo('${APP.oid}')`, [CONTRIBUTOR, READER]],
  ])('is listed %s', async (_where, scope, query, roles) => {
    const lab = await createLab();
    await lab.send('PUT', assignmentPath(GROUP, 1), wanted(CONTRIBUTOR));
    await lab.send('PUT', assignmentPath(VAULT, 2), wanted(READER));
    const answer = await lab.send('GET', `${scope}/providers/Microsoft.Authorization/roleAssignments?${query}`);
    const shown = answer.body['value'] as unknown as { properties: { roleDefinitionId: string } }[];
    expect(shown.map(({ properties }) => properties.roleDefinitionId)).toEqual(roles.map(roleId));
  });

  it('for a group holds for its members', async () => {
    const lab = await createLab();
    const group = { objectId: guid(8), displayName: 'team', mailNickname: 'team', memberIds: [] };
    lab.directory.putGroup(group);
    const made = await lab.send('PUT', assignmentPath(GROUP), wanted(READER, group.objectId));
    expect(made).toMatchObject({ status: 201, body: { properties: { principalType: 'Group' } } });
    const read = async () => (await lab.send('GET', VAULT, undefined, APP)).status;
    expect(await read()).toBe(403);
    lab.directory.putGroup({ ...group, memberIds: [APP.oid] });
    expect(await read()).toBe(200);
  });

  it('goes with what it is about', async () => {
    const lab = await createLab();
    await lab.send('PUT', assignmentPath(GROUP, 1), wanted(CONTRIBUTOR));
    await lab.send('PUT', assignmentPath(`${VAULT}/secrets/one`, 2), wanted(SECRETS_USER));
    await lab.send('DELETE', VAULT);
    expect((await lab.send('GET', assignmentPath(`${VAULT}/secrets/one`, 2))).status).toBe(404);
    expect((await lab.send('GET', assignmentPath(GROUP, 1))).status).toBe(200);
  });
});

describe('who has', () => {
  const attempts = (lab: ArmLab) => ({
    read: async () => (await lab.send('GET', VAULT, undefined, APP)).status,
    write: async () => (await lab.send('PATCH', VAULT, { tags: { a: 'b' } }, APP)).status,
    assign: async () => (await lab.send('PUT', assignmentPath(VAULT, 7), wanted(SECRETS_USER), APP)).status,
    subscriptions: async () => (await lab.send('GET', '/subscriptions', undefined, APP)).body['value']?.['length'],
  });

  it('no role sees no subscription, and is refused with the text of ARM', async () => {
    const lab = await createLab();
    expect(await attempts(lab).subscriptions()).toBe(0);
    expect(await lab.send('GET', VAULT, undefined, APP)).toMatchObject({
      status: 403,
      body: {
        error: {
          code: 'AuthorizationFailed',
          message:
            `The client '${APP.appid}' with object id '${APP.oid}' does not have authorization to perform action ` +
            `'Microsoft.KeyVault/vaults/read' over scope '${VAULT}' or the scope is invalid. If access was recently ` +
            'granted, please refresh your credentials.',
        },
      },
    });
  });

  it.each([
    ['Reader', READER, [200, 403, 403]],
    ['Contributor', CONTRIBUTOR, [200, 200, 403]],
    ['Owner', OWNER, [200, 200, 201]],
    ['a role for contents only', SECRETS_USER, [403, 403, 403]],
  ])('%s at the group reads, writes and assigns accordingly', async (_name, role, [read, write, assign]) => {
    const lab = await createLab();
    await lab.send('PUT', assignmentPath(GROUP), wanted(role));
    const tries = attempts(lab);
    expect([await tries.subscriptions(), await tries.read(), await tries.write(), await tries.assign()]).toEqual([
      1,
      read,
      write,
      assign,
    ]);
  });

  it.each([
    ['Contributor', CONTRIBUTOR, 403],
    ['Key Vault Data Access Administrator and Contributor', DATA_ACCESS_ADMINISTRATOR, 403],
    ['Owner', OWNER, 200],
  ])('%s changes who decides about the contents of a vault, or not', async (_name, role, status) => {
    const lab = await createLab();
    await lab.send('PUT', assignmentPath(GROUP), wanted(CONTRIBUTOR));
    if (role !== CONTRIBUTOR) await lab.send('PUT', assignmentPath(GROUP, 2), wanted(role));
    const vault = (await lab.send('GET', VAULT)).body;
    const properties = { ...vault['properties'], enableRbacAuthorization: true };
    const same = { ...vault['properties'], enableRbacAuthorization: false };
    expect((await lab.send('PUT', VAULT, { ...vault, properties: same }, APP)).status).toBe(200);
    for (const [method, body] of [
      ['PATCH', { properties: { enableRbacAuthorization: true } }],
      ['PUT', { ...vault, properties }],
    ] as const) {
      const answer = await lab.send(method, VAULT, body, APP);
      expect(answer.status, method).toBe(status);
      if (status !== 403) continue;
      expect(answer.body['error']).toEqual({
        code: 'InsufficientPermissions',
        message:
          'Caller is not allowed to change permission model. For more information on how to change the permissions ' +
          `model follow this link: https://go.microsoft.com/fwlink/?linkid=2155160. Details: oid=${APP.oid}; ` +
          `action=Microsoft.Authorization/roleAssignments/write; resource=${VAULT}; decision=NotAllowed;`,
      });
    }
  });

  it.each([
    ['a new role for all of the subscription', guid(50), [SUBSCRIPTION]],
    ['a new role for the group and another one', guid(50), [GROUP, `${GROUP}2`]],
    ["the subscription's role, taken over for the group", guid(40), [GROUP]],
  ])('Owner of a group makes no %s', async (_what, name, assignableScopes) => {
    const lab = await createLab();
    const path = (id: string) => `${GROUP}/providers/Microsoft.Authorization/roleDefinitions/${id}`;
    const role = (roleName: string, scopes: readonly string[]) => ({
      properties: { roleName, permissions: [{ actions: ['*'] }], assignableScopes: scopes },
    });
    await lab.send('PUT', path(guid(40)), role('shared', [SUBSCRIPTION]));
    await lab.send('PUT', assignmentPath(GROUP), wanted(OWNER));
    expect((await lab.send('PUT', path(guid(41)), role('own', [GROUP]), APP)).status).toBe(201);
    expect(await lab.send('PUT', path(name), role('more', assignableScopes), APP)).toMatchObject({
      status: 403,
      body: { error: { code: 'AuthorizationFailed' } },
    });
    expect((await lab.send('DELETE', path(guid(40)), undefined, APP)).status).toBe(403);
    expect((await lab.send('DELETE', path(guid(41)), undefined, APP)).status).toBe(200);
  });

  it('a role at one vault finds that vault among the resources, and no group', async () => {
    const lab = await createLab();
    await lab.send('PUT', assignmentPath(VAULT), wanted(READER));
    const found = await lab.send('GET', `${SUBSCRIPTION}/resources`, undefined, APP);
    expect(found.body['value']).toMatchObject([{ id: VAULT }]);
    expect((await lab.send('GET', `${SUBSCRIPTION}/resourceGroups`, undefined, APP)).body['value']).toEqual([]);
  });

  it("may assign vaults' roles as Key Vault Data Access Administrator, and no others", async () => {
    const lab = await createLab();
    await lab.send('PUT', assignmentPath(GROUP), wanted(DATA_ACCESS_ADMINISTRATOR));
    expect((await lab.send('PUT', assignmentPath(VAULT, 2), wanted(SECRETS_USER), APP)).status).toBe(201);
    expect(await lab.send('PUT', assignmentPath(VAULT, 3), wanted(OWNER), APP)).toMatchObject({
      status: 403,
      body: { error: { code: 'AuthorizationFailed' } },
    });
  });
});

describe('access to contents', () => {
  it.each([
    ['the subscription', SUBSCRIPTION, [true, true]],
    ['the group', GROUP, [true, true]],
    ['the vault', VAULT, [true, true]],
    ['a secret', `${VAULT}/secrets/one`, [true, false]],
    ['another secret', `${VAULT}/secrets/o`, [false, false]],
  ])('comes with a role at %s', async (_where, scope, allowed) => {
    const lab = await createLab();
    await lab.send('PUT', assignmentPath(scope), wanted(SECRETS_USER));
    const asked = [`${VAULT}/secrets/one`, `${VAULT}/secrets/two`];
    const may = (secret: string) => lab.arm.dataRoles(APP.oid, GET_SECRET, secret.toLowerCase()).grant;
    expect(asked.map((secret) => may(secret)?.scope)).toEqual(allowed.map((is) => (is ? scope : undefined)));
    await lab.send('DELETE', assignmentPath(scope));
    expect(asked.map(may)).toEqual([undefined, undefined]);
  });

  it('does not come with owning the subscription', async () => {
    const lab = await createLab();
    expect(lab.arm.dataRoles(USER.objectId, GET_SECRET, `${VAULT}/secrets/one`)).toMatchObject({
      grant: undefined,
      others: [{ role: 'Owner', scope: SUBSCRIPTION }],
    });
  });
});

describe('a custom role', () => {
  const path = `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${guid(5)}`;
  const body = {
    properties: {
      roleName: 'Lister',
      type: 'CustomRole',
      permissions: [{ dataActions: ['Microsoft.KeyVault/vaults/secrets/readMetadata/action'] }],
      assignableScopes: [SUBSCRIPTION],
    },
  };

  it('is made, found by its name, assigned, and kept while it is assigned', async () => {
    const lab = await createLab();
    expect((await lab.send('PUT', path, body)).status).toBe(201);
    const list = await lab.send(
      'GET',
      `${GROUP}/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName eq 'lister'`,
    );
    expect(list.body['value']).toMatchObject([{ id: path, properties: { roleName: 'Lister', type: 'CustomRole' } }]);
    await lab.send('PUT', assignmentPath(GROUP), wanted(guid(5)));
    expect(await lab.send('DELETE', path)).toMatchObject({
      status: 400,
      body: { error: { code: 'RoleDefinitionHasAssignments' } },
    });
    await lab.send('DELETE', assignmentPath(GROUP));
    expect((await lab.send('DELETE', path)).status).toBe(200);
  });

  it('cannot take the place or the name of a built-in one', async () => {
    const lab = await createLab();
    const builtIn = `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
    expect((await lab.send('PUT', builtIn, body)).body).toMatchObject({
      error: { code: 'RoleDefinitionUpdateNotPermitted' },
    });
    const named = { properties: { ...body.properties, roleName: 'Reader' } };
    expect((await lab.send('PUT', path, named)).body).toMatchObject({
      error: { code: 'RoleDefinitionWithSameNameExists' },
    });
  });
});
