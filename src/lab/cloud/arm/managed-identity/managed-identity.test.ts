import { beforeEach, describe, expect, it } from 'vitest';
import { TENANT_ID } from '../../rest/testing/index.ts';
import { createArmLab, SUBSCRIPTION, type ArmLab } from '../testing/index.ts';

const GROUP = `${SUBSCRIPTION}/resourceGroups/Rg1`;
const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Demo`;
const credential = (name: string) => `${IDENTITY}/federatedIdentityCredentials/${name}`;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ISSUER = 'https://eastus.oic.prod-aks.azure.com/t/g/';
const AUDIENCES = ['api://AzureADTokenExchange'];

let lab: ArmLab;
beforeEach(async () => {
  lab = createArmLab();
  await lab.send('PUT', GROUP, { location: 'eastus' });
});

const principal = () => lab.directory.principals().find((each) => each.displayName === 'Demo');

describe('a user-assigned identity', () => {
  it('is a principal of the directory, with ids that stay', async () => {
    const created = await lab.send('PUT', IDENTITY, { location: 'eastus', tags: { a: 'b' } });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      id: IDENTITY,
      name: 'Demo',
      type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
      location: 'eastus',
      tags: { a: 'b' },
      properties: {
        tenantId: TENANT_ID,
        clientId: expect.stringMatching(GUID),
        principalId: expect.stringMatching(GUID),
      },
    });
    expect(principal()).toMatchObject({
      type: 'ManagedIdentity',
      objectId: created.body['properties']?.['principalId'],
      clientId: created.body['properties']?.['clientId'],
      armId: IDENTITY,
    });
    const again = await lab.send('PUT', IDENTITY.toLowerCase(), { location: 'eastus' });
    expect([again.status, again.body]).toEqual([200, { ...created.body, tags: {} }]);
    const patched = await lab.send('PATCH', IDENTITY, { tags: { c: 'd' } });
    expect(patched.body).toEqual({ ...created.body, tags: { c: 'd' } });
    expect(lab.arm.identities()).toMatchObject([{ name: 'Demo', resourceGroup: 'Rg1', federatedCredentials: 0 }]);
  });

  it('leaves the directory when it is deleted', async () => {
    await lab.send('PUT', IDENTITY, { location: 'eastus' });
    expect((await lab.send('DELETE', IDENTITY)).status).toBe(200);
    expect((await lab.send('DELETE', IDENTITY)).status).toBe(204);
    expect(principal()).toBeUndefined();
    const gone = await lab.send('GET', IDENTITY);
    expect([gone.status, gone.body['error']]).toEqual([
      404,
      {
        code: 'ResourceNotFound',
        message:
          "The Resource 'Microsoft.ManagedIdentity/userAssignedIdentities/Demo' under resource group 'Rg1' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
      },
    ]);
  });

  it('refuses another location than its own', async () => {
    await lab.send('PUT', IDENTITY, { location: 'eastus' });
    const moved = await lab.send('PUT', IDENTITY, { location: 'westus' });
    expect([moved.status, moved.body['error']?.['code']]).toEqual([409, 'InvalidResourceLocation']);
  });
});

describe('a federated identity credential', () => {
  const subject = 'system:serviceaccount:default:demo';
  const body = (more: object = {}) => ({ properties: { issuer: ISSUER, subject, audiences: AUDIENCES, ...more } });

  beforeEach(async () => {
    await lab.send('PUT', IDENTITY, { location: 'eastus' });
  });

  it('is what the directory holds for the identity, from its creation to its deletion', async () => {
    const created = await lab.send('PUT', credential('Fed-1'), body());
    expect([created.status, created.body]).toEqual([
      201,
      {
        id: credential('Fed-1'),
        name: 'Fed-1',
        type: 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials',
        properties: { issuer: ISSUER, subject, audiences: AUDIENCES },
      },
    ]);
    expect(principal()?.federatedCredentials).toEqual([
      { name: 'Fed-1', issuer: ISSUER, subject, audiences: AUDIENCES },
    ]);
    const changed = await lab.send('PUT', credential('fed-1'), body({ subject: 'other' }));
    expect([changed.status, changed.body['name']]).toEqual([200, 'Fed-1']);
    expect(principal()?.federatedCredentials).toMatchObject([{ name: 'Fed-1', subject: 'other' }]);
    expect((await lab.send('GET', credential('FED-1'))).body).toEqual(changed.body);
    const list = await lab.send('GET', `${IDENTITY}/federatedIdentityCredentials`);
    expect(list.body['value']).toEqual([changed.body]);
    expect((await lab.send('DELETE', credential('fed-1'))).status).toBe(200);
    expect((await lab.send('DELETE', credential('fed-1'))).status).toBe(204);
    expect(principal()?.federatedCredentials).toEqual([]);
    expect((await lab.send('GET', credential('fed-1'))).status).toBe(404);
  });

  const tooLong = 'x'.repeat(601);
  it.each<[string, string, object, string]>([
    ['a name of two letters', 'ab', body(), "Federated Identity Credential name 'ab' is invalid."],
    [
      'a name of 121 letters',
      'a'.repeat(121),
      body(),
      `Federated Identity Credential name '${'a'.repeat(121)}' is invalid.`,
    ],
    ['a name that begins with a hyphen', '-abc', body(), "Federated Identity Credential name '-abc' is invalid."],
    ['no properties', 'fed', {}, 'Federated Identity Credential from HTTP body has empty properties'],
    [
      'empty properties',
      'fed',
      { properties: {} },
      'Federated Identity Credential from HTTP body has empty properties',
    ],
    ['no audience', 'fed', body({ audiences: [] }), 'Federated identity credentials must have exactly one audience.'],
    [
      'two audiences',
      'fed',
      body({ audiences: ['a', 'b'] }),
      'Federated identity credentials must have exactly one audience.',
    ],
    [
      'an audience that is no text',
      'fed',
      body({ audiences: [1] }),
      'Federated identity credentials must have exactly one audience.',
    ],
    ...['issuer', 'subject', 'audiences'].map((field): [string, string, object, string] => [
      `no ${field}`,
      'fed',
      body({ [field]: undefined }),
      "The request format was unexpected. Federated Identity Credential must specify 'issuer', 'subject' and 'audience'.",
    ]),
    ...['http://issuer.example', 'issuer.example', 'https://'].map((issuer): [string, string, object, string] => [
      `the issuer ${issuer}`,
      'fed',
      body({ issuer }),
      'The request format was unexpected. The issuer of a Federated Identity Credential is an HTTPS URL.',
    ]),
    [
      'an issuer of 601 letters',
      'fed',
      body({ issuer: tooLong }),
      'Federated Identity Credential issuer is longer than 600 characters.',
    ],
    [
      'a subject of 601 letters',
      'fed',
      body({ subject: tooLong }),
      'Federated Identity Credential subject is longer than 600 characters.',
    ],
    [
      'an audience of 601 letters',
      'fed',
      body({ audiences: [tooLong] }),
      'Federated Identity Credential audience is longer than 600 characters.',
    ],
    [
      'the issuer and subject of another',
      'fed',
      body({ subject: 'taken' }),
      'Issuer and subject combination already exists for this Managed Identity.',
    ],
  ])('with %s is refused', async (_what, name, sent, message) => {
    await lab.send('PUT', credential('other'), body({ subject: 'taken' }));
    const answer = await lab.send('PUT', credential(name), sent);
    expect([answer.status, answer.body['error']]).toEqual([400, { code: 'BadRequest', message }]);
    expect(principal()?.federatedCredentials).toHaveLength(1);
  });

  it('tells issuers and subjects apart by case', async () => {
    await lab.send('PUT', credential('one'), body());
    expect((await lab.send('PUT', credential('two'), body({ subject: subject.toUpperCase() }))).status).toBe(201);
  });

  it('is one of at most 20', async () => {
    for (let i = 1; i <= 20; i += 1) {
      expect((await lab.send('PUT', credential(`fed-${i}`), body({ subject: `s${i}` }))).status).toBe(201);
    }
    const refused = await lab.send('PUT', credential('fed-21'), body({ subject: 's21' }));
    expect([refused.status, refused.body['error']]).toEqual([
      400,
      { code: 'BadRequest', message: expect.stringContaining('Too many Federated Identity Credentials') },
    ]);
    expect((await lab.send('PUT', credential('fed-20'), body({ subject: 'again' }))).status).toBe(200);
  });

  it('is not written while another of the same identity is', async () => {
    const answers = await Promise.all(
      ['one', 'two'].map((name) => lab.send('PUT', credential(name), body({ subject: name }))),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 409]));
    expect(answers.find(({ status }) => status === 409)?.body['error']?.['code']).toBe(
      'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity',
    );
    expect(principal()?.federatedCredentials).toHaveLength(1);
  });

  it('needs its identity', async () => {
    const answer = await lab.send('PUT', credential('fed').replace('Demo', 'Nobody'), body());
    expect([answer.status, answer.body['error']?.['code']]).toEqual([404, 'ParentResourceNotFound']);
  });
});
