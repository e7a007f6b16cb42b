import { beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { createFakeClock, createFakeRandom } from '../../../base/testing/index.ts';
import type { Directory, Principal } from '../directory.ts';
import { AadstsError } from '../entra/index.ts';
import { createFakeAudit, createFakeDirectory, type FakeAudit } from '../rest/testing/index.ts';
import type { CloudService } from '../service.ts';
import type { AssignedIdentities } from './choose-identity.ts';
import { createImds } from './imds.ts';

const VAULT = 'https://vault.azure.net';
const identity = (name: string): Principal => ({
  type: 'ManagedIdentity',
  objectId: `${name}-object`,
  clientId: `${name}-client`,
  displayName: name,
  armId: `/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
  secrets: [],
  federatedCredentials: [],
});
const [KUBELET, ADDON, OTHER, SYSTEM] = ['kubelet', 'addon', 'other', 'system'].map(identity) as [
  Principal,
  Principal,
  Principal,
  Principal,
];

let directory: Directory;
let audit: FakeAudit;
let assigned: AssignedIdentities;
let imds: CloudService;
let lastRequest: Request;

beforeEach(() => {
  directory = createFakeDirectory();
  for (const principal of [KUBELET, ADDON, OTHER, SYSTEM]) directory.put(principal);
  audit = createFakeAudit();
  assigned = { systemAssigned: undefined, userAssigned: [KUBELET.objectId] };
  imds = createImds({
    clock: createFakeClock(),
    random: createFakeRandom(),
    directory,
    audit,
    tokens: (principal, resource) =>
      resource.startsWith(VAULT)
        ? Promise.resolve({
            token: new Secret(`token of ${principal.displayName}`),
            issuedAtSec: 1000,
            expiresInSec: 86_399,
          })
        : Promise.reject(new AadstsError(500011, `The resource principal named ${resource} was not found`)),
    identities: () => assigned,
    node: () => ({ subscriptionId: 's', resourceGroup: 'mc', location: 'eastus', scaleSet: 'vmss', vmId: 'v' }),
  });
});

async function get(path: string, headers: Readonly<Record<string, string>> = { metadata: 'true' }) {
  lastRequest = new Request(`https://169.254.169.254${path}`, { headers });
  const response = await imds.fetch(lastRequest);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: response.status, body: (isJson ? JSON.parse(text) : text) as Record<string, unknown> };
}

const token = (query: Readonly<Record<string, string>> = {}, headers?: Readonly<Record<string, string>>) =>
  get(
    `/metadata/identity/oauth2/token?${new URLSearchParams({ 'api-version': '2018-02-01', resource: VAULT, ...query }).toString()}`,
    headers,
  );

describe('a token', () => {
  it('comes with fields that are all text', async () => {
    expect(await token()).toEqual({
      status: 200,
      body: {
        access_token: 'token of kubelet',
        client_id: 'kubelet-client',
        expires_in: '86399',
        expires_on: '87399',
        ext_expires_in: '86399',
        not_before: '700',
        resource: VAULT,
        token_type: 'Bearer',
      },
    });
    expect(audit.facts(lastRequest)).toMatchObject({
      operation: 'IdentityToken',
      result: 'Success',
      identity: { objectId: 'kubelet-object', clientId: 'kubelet-client' },
    });
    expect(JSON.stringify(audit.facts(lastRequest))).not.toContain('token of');
  });

  it.each<[string, Record<string, string>]>([
    ['client id, whatever its case', { client_id: 'KUBELET-client' }],
    ['object id', { object_id: 'kubelet-object' }],
    ['ARM id', { msi_res_id: KUBELET.armId ?? '' }],
    ['ARM id by its newer name', { mi_res_id: (KUBELET.armId ?? '').toLowerCase() }],
  ])('is of the identity that is named by its %s', async (_how, query) => {
    assigned = { systemAssigned: undefined, userAssigned: [ADDON.objectId, KUBELET.objectId] };
    expect((await token(query)).body['access_token']).toBe('token of kubelet');
  });

  it.each<[string, Record<string, string>, AssignedIdentities, string]>([
    ['an identity that is not assigned', { client_id: 'other-client' }, assignedTo(KUBELET), 'Identity not found'],
    ['an identity that nobody has', { client_id: 'nobody' }, assignedTo(KUBELET), 'Identity not found'],
    [
      'ids of two identities',
      { client_id: 'kubelet-client', object_id: 'addon-object' },
      assignedTo(KUBELET, ADDON),
      'Identity not found',
    ],
    ['none, without any', {}, assignedTo(), 'Identity not found'],
    [
      'none, with several',
      {},
      assignedTo(KUBELET, ADDON),
      'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
    ],
  ])('is not had for %s', async (_what, query, identities, description) => {
    assigned = identities;
    expect(await token(query)).toEqual({
      status: 400,
      body: { error: 'invalid_request', error_description: description },
    });
  });

  it('is of the system-assigned identity when none is named', async () => {
    assigned = { systemAssigned: SYSTEM.objectId, userAssigned: [KUBELET.objectId, ADDON.objectId] };
    expect((await token()).body['client_id']).toBe('system-client');
  });

  it('is of a named identity only, on a machine that is no node in truth', async () => {
    assigned = { ...assignedTo(KUBELET), byNameOnly: true };
    expect((await token()).status).toBe(400);
    expect((await token({ client_id: 'kubelet-client' })).status).toBe(200);
  });

  it('follows assignments as they come and go', async () => {
    const ask = () => token({ client_id: 'other-client' });
    expect((await ask()).status).toBe(400);
    assigned = assignedTo(KUBELET, OTHER);
    expect((await ask()).status).toBe(200);
  });

  it('for an unknown resource is refused with the reason of Entra ID', async () => {
    expect(await token({ resource: 'https://nothing.example' })).toEqual({
      status: 400,
      body: {
        error: 'invalid_resource',
        error_description: 'AADSTS500011: The resource principal named https://nothing.example was not found',
      },
    });
  });

  it.each([
    ['resource', { resource: '' }],
    ['api-version', { 'api-version': '' }],
    ['api-version that is a date', { 'api-version': 'latest' }],
  ])('needs a %s', async (_what, query) => {
    expect(await token(query)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });
});

describe('the header rule', () => {
  it.each<[string, Record<string, string>]>([
    ['without the header', {}],
    ['with another value', { metadata: 'yes' }],
    ['of a request that a proxy passed on', { metadata: 'true', 'x-forwarded-for': '10.0.0.1' }],
  ])('gives no token %s', async (_how, headers) => {
    const answer = await token({}, headers);
    expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_request']);
    expect(answer.body).not.toHaveProperty('access_token');
  });

  it('answers the probe of DefaultAzureCredential, which has neither header nor query', async () => {
    expect(await get('/metadata/identity/oauth2/token', {})).toEqual({
      status: 400,
      body: { error: 'invalid_request', error_description: 'Required metadata header not specified' },
    });
  });

  it('holds for everything below /metadata', async () => {
    expect((await get('/metadata/instance?api-version=2021-02-01', {})).status).toBe(400);
  });
});

describe('what a node is', () => {
  it('is told as a document, or a part of it', async () => {
    const whole = await get('/metadata/instance?api-version=2021-02-01');
    expect(whole.body['compute']).toMatchObject({
      azEnvironment: 'AzurePublicCloud',
      location: 'eastus',
      resourceId:
        '/subscriptions/s/resourceGroups/mc/providers/Microsoft.Compute/virtualMachineScaleSets/vmss/virtualMachines/0',
    });
    const location = await get('/metadata/instance/compute/location?api-version=2021-02-01&format=text');
    expect(location.body).toBe('eastus');
    expect((await get('/metadata/instance/compute/nothing?api-version=2021-02-01')).status).toBe(404);
  });

  it('is told by api-version: a request without one learns the newest, and there is a list of all', async () => {
    const { status, body } = await get('/metadata/instance');
    expect([status, body['error']]).toEqual([
      400,
      'Bad request. api-version was not specified in the request. For more information refer to aka.ms/azureimds',
    ]);
    const { apiVersions } = (await get('/metadata/versions')).body as { apiVersions?: string[] };
    expect(apiVersions).toEqual(expect.arrayContaining(['2017-03-01', '2018-02-01', '2021-02-01']));
    expect(body['newest-versions']).toEqual(apiVersions?.toSorted().toReversed().slice(0, 3));
    expect((await get('/metadata/versions', {})).status).toBe(400);
  });
});

describe("the shape of aad-pod-identity's NMI", () => {
  const path = `/host/token/?resource=${encodeURIComponent(VAULT)}`;

  it('has the token and the client id', async () => {
    expect(await get(path, { podname: 'p', podns: 'n' })).toMatchObject({
      status: 200,
      body: {
        clientid: 'kubelet-client',
        token: { access_token: 'token of kubelet', refresh_token: '', expires_on: '87399', resource: VAULT },
      },
    });
    expect(audit.facts(lastRequest)).toMatchObject({ operation: 'PodIdentityToken', details: { pod: 'n/p' } });
  });

  it('is refused to what a proxy passed on', async () => {
    expect(await get(path, { podname: 'p', podns: 'n', 'x-forwarded-for': '10.0.0.1' })).toMatchObject({
      status: 400,
      body: { error_description: 'X-Forwarded-For header is not allowed' },
    });
  });

  it.each<[string, Record<string, string>]>([
    ['name', { podns: 'n' }],
    ['namespace', { podname: 'p' }],
  ])('needs the %s of the pod', async (_what, headers) => {
    expect((await get(path, headers)).status).toBe(400);
  });
});

function assignedTo(...principals: readonly Principal[]): AssignedIdentities {
  return { systemAssigned: undefined, userAssigned: principals.map(({ objectId }) => objectId) };
}
