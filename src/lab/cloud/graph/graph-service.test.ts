import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { createFakeClock, createFakeRandom } from '../../../base/testing/index.ts';
import type { Application, Directory, Principal } from '../directory.ts';
import {
  bearer,
  createFakeAudit,
  createFakeDirectory,
  createFakeTokens,
  USER,
  type FakeAudit,
  type FakeToken,
} from '../rest/testing/index.ts';
import type { CloudService } from '../service.ts';
import { createGraph } from './index.ts';

const IDENTITY: Principal = {
  type: 'ManagedIdentity',
  objectId: 'aaaaaaaa-0000-0000-0000-000000000001',
  clientId: 'aaaaaaaa-0000-0000-0000-000000000002',
  displayName: 'demo-identity',
  armId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/demo-identity',
  secrets: [],
  federatedCredentials: [],
};
const APPLICATION: Principal = {
  type: 'Application',
  objectId: 'bbbbbbbb-0000-0000-0000-000000000001',
  clientId: 'bbbbbbbb-0000-0000-0000-000000000002',
  displayName: "App or o'One and",
  secrets: [],
  federatedCredentials: [],
};
const REGISTRATION: Application = {
  objectId: 'bbbbbbbb-0000-0000-0000-000000000003',
  clientId: 'bbbbbbbb-0000-0000-0000-000000000002',
  displayName: APPLICATION.displayName,
  identifierUris: [],
  secrets: [{ keyId: 'k', sha256: 'digest' }],
  certificates: [],
  federatedCredentials: [],
  properties: {},
};

let directory: Directory;
let graph: CloudService;
let audit: FakeAudit;
let lastRequest: Request;

beforeEach(() => {
  directory = createFakeDirectory();
  directory.put(IDENTITY);
  directory.put(APPLICATION);
  directory.putApplication(REGISTRATION);
  audit = createFakeAudit();
  graph = createGraph({
    clock: createFakeClock(),
    random: createFakeRandom(),
    log: silentLog,
    directory,
    tokens: createFakeTokens(),
    audit,
  });
});

async function send(path: string, token: FakeToken | null = { aud: 'https://graph.microsoft.com' }, body?: unknown) {
  lastRequest = new Request(`https://graph.microsoft.com${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: token === null ? {} : { authorization: bearer(token) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const response = await graph.fetch(lastRequest);
  return { status: response.status, body: (await response.json()) as never as Body };
}

interface Body {
  readonly id?: string;
  readonly value: readonly { readonly id: string; readonly '@odata.type'?: string }[];
  readonly error: { readonly code: string; readonly message: string; readonly innerError: object };
}

const filter = (text: string) => `?$filter=${encodeURIComponent(text)}`;

it.each<[string, FakeToken | null, string]>([
  ['no token', null, 'Access token is empty.'],
  ['another audience', { aud: 'https://vault.azure.net' }, 'Access token validation failure. Invalid audience.'],
  ['an expired token', { aud: 'x', refusal: 'expired' }, 'Lifetime validation failed, the token is expired.'],
])('refuses %s with 401 as JSON', async (_what, token, message) => {
  const answer = await send('/v1.0/me', token);
  expect([answer.status, answer.body.error]).toMatchObject([401, { code: 'InvalidAuthenticationToken', message }]);
  expect(audit.facts(lastRequest)).toEqual({ operation: 'Authentication', result: 'InvalidAuthenticationToken' });
});

describe('/me', () => {
  it('is the user of the token', async () => {
    expect((await send('/v1.0/me')).body).toMatchObject({
      id: USER.objectId,
      userPrincipalName: USER.userPrincipalName,
    });
    expect(audit.facts(lastRequest)).toMatchObject({
      operation: 'MeGet',
      result: 'Success',
      identity: { objectId: USER.objectId },
    });
  });

  it('is refused to an application, with a message that az can show', async () => {
    const answer = await send('/v1.0/me', {
      aud: 'https://graph.microsoft.com/',
      oid: APPLICATION.objectId,
      user: false,
    });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'BadRequest']);
    expect(answer.body.error.message).toBe('/me request is only valid with delegated authentication flow.');
    expect(answer.body.error.innerError).toMatchObject({ date: '2026-01-01T00:00:00' });
  });
});

it.each<[string, readonly string[]]>([
  [`/v1.0/servicePrincipals${filter(`servicePrincipalNames/any(c:c eq '${IDENTITY.clientId}')`)}`, [IDENTITY.objectId]],
  [
    `/v1.0/servicePrincipals${filter(`servicePrincipalNames/any(x:x eq '${APPLICATION.clientId?.toUpperCase()}')`)}`,
    [APPLICATION.objectId],
  ],
  [`/v1.0/servicePrincipals${filter("servicePrincipalNames/any(c:c eq 'nobody')")}`, []],
  [`/v1.0/serviceprincipals${filter(`appId eq '${IDENTITY.clientId}'`)}`, [IDENTITY.objectId]],
  [
    `/v1.0/servicePrincipals${filter(`displayName eq 'App or o''One and' and appId eq '${APPLICATION.clientId}'`)}`,
    [APPLICATION.objectId],
  ],
  [
    `/v1.0/servicePrincipals${filter(`displayName eq 'demo-identity' or startswith(displayName,'app')`)}`,
    [IDENTITY.objectId, APPLICATION.objectId],
  ],
  ['/v1.0/servicePrincipals', [IDENTITY.objectId, APPLICATION.objectId]],
  [`/v1.0/users${filter(`userPrincipalName eq '${USER.userPrincipalName}'`)}`, [USER.objectId]],
  [`/v1.0/users${filter(`userPrincipalName eq 'someone@else'`)}`, []],
])('GET %s finds %o', async (path, ids) => {
  const answer = await send(path);
  expect(answer.status).toBe(200);
  expect(answer.body.value.map(({ id }) => id)).toEqual(ids);
});

it('an application is another object than its principal, found by its client id', async () => {
  const listed = await send(`/v1.0/applications${filter(`appId eq '${APPLICATION.clientId}'`)}`);
  const [application] = listed.body.value;
  expect(application).toMatchObject({ appId: APPLICATION.clientId });
  expect(application?.id).not.toBe(APPLICATION.objectId);
  expect((await send(`/v1.0/applications/${application?.id ?? ''}`)).body.id).toBe(application?.id);
  expect((await send(`/v1.0/applications(appId='${APPLICATION.clientId}')`)).body.id).toBe(application?.id);
  expect(JSON.stringify(listed.body)).not.toContain('digest');
});

it.each([
  [`/v1.0/servicePrincipals/${IDENTITY.objectId}`, IDENTITY.objectId],
  [`/v1.0/servicePrincipals(appId='${IDENTITY.clientId}')`, IDENTITY.objectId],
  [`/v1.0/users/${USER.objectId}`, USER.objectId],
  [`/v1.0/users/${USER.userPrincipalName}`, USER.objectId],
])('GET %s is that object', async (path, id) => {
  expect((await send(path)).body.id).toBe(id);
});

it('getByIds tells the type of each object and leaves out those of other types', async () => {
  const ids = [USER.objectId, IDENTITY.objectId, 'cccccccc-0000-0000-0000-000000000001'];
  const token = { aud: 'https://graph.microsoft.com' };
  const both = await send('/v1.0/directoryObjects/getByIds', token, { ids, types: ['user', 'servicePrincipal'] });
  expect(both.body.value.map((object) => [object['@odata.type'], object.id])).toEqual([
    ['#microsoft.graph.user', USER.objectId],
    ['#microsoft.graph.servicePrincipal', IDENTITY.objectId],
  ]);
  const users = await send('/v1.0/directoryObjects/getByIds', token, { ids, types: ['user'] });
  expect(users.body.value).toHaveLength(1);
});

it.each([
  ['/v1.0/servicePrincipals/none', 404, 'Request_ResourceNotFound'],
  ["/v1.0/servicePrincipals(appId='none')", 404, 'Request_ResourceNotFound'],
  ['/v1.0/planets', 400, 'BadRequest'],
  [`/v1.0/users${filter('userPrincipalName ne null')}`, 400, 'Request_UnsupportedQuery'],
  [`/v1.0/users${filter("a eq '1' or b eq '2' and c eq '3'")}`, 400, 'Request_UnsupportedQuery'],
])('GET %s is %i %s', async (path, status, code) => {
  const answer = await send(path);
  expect([answer.status, answer.body.error.code]).toEqual([status, code]);
});
