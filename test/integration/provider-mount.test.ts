import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { errorText, Secret, systemClock } from '#base';
import { startHttpServer, type HttpServer } from '#http';
import type { ClusterSpec } from '#lab/cloud';
import { TOKENS_ATTRIBUTE, type ProviderMountResult } from '#providerapi';
import { startCloudLab, type CloudLab } from './support/cloud-lab.ts';
import { startProviderProcess, type ProviderProcess } from './support/provider-process.ts';

// `keyferry provider` as a process of its own, asked over its socket as a driver asks it, against the emulated Azure. All
// that ties it to the lab is its environment.

const AUDIENCE = 'api://AzureADTokenExchange';
const VAULT = 'kv-provider-test';
const WINDOW_MS = 2_000;

let lab: CloudLab;
let spec: ClusterSpec;
let tenantId: string;
let clientId: string;
let running: ProviderProcess;
let apiServer: HttpServer;
let seenRecords = 0;

const secretsUrl = `https://${VAULT}.vault.azure.net/secrets`;

beforeAll(async () => {
  lab = await startCloudLab();
  ({ tenantId } = lab.cloud.directory.tenant);
  spec = await lab.makeCluster();
  const made = await makeIdentity('reader');
  ({ clientId } = made);
  await federate('reader', 'system:serviceaccount:team:reader');
  const get = { secrets: ['get', 'list', 'set'] };
  const policy = (objectId: string) => ({ tenantId, objectId, permissions: get });
  await lab.put(`/providers/Microsoft.KeyVault/vaults/${VAULT}`, {
    location: 'eastus',
    properties: {
      tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [policy(made.principalId), policy(lab.cloud.directory.user.objectId)],
    },
  });
  await lab.put(`${secretsUrl}/one`, { value: 'the first value' });
  await lab.put(`${secretsUrl}/two`, { value: 'the second value' });
  await lab.put(`${secretsUrl}/off`, { value: 'never', attributes: { enabled: false } });

  apiServer = await startHttpServer({
    listener: (request, response) => {
      const documents = lab.clusters.issuer(spec.armId);
      // as kube-apiserver: a JWK set is had as nothing else
      if (request.url === '/openid/v1/jwks' && request.headers.accept === 'application/jwk-set+json')
        response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify(documents?.jwks()));
      else if (request.url === '/openid/v1/jwks') response.writeHead(406).end('{}');
      else response.writeHead(404).end('{}');
    },
  });
  running = await startProviderProcess({
    lab,
    apiServer: `http://127.0.0.1:${apiServer.port}`,
    flags: [`--freshness-window=${WINDOW_MS}ms`],
  });
});

afterAll(async () => {
  await running?.[Symbol.asyncDispose]();
  await apiServer?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  seenRecords = lab.cloud.audit.records().length;
});

async function makeIdentity(name: string): Promise<{ clientId: string; principalId: string }> {
  const path = `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  const { properties } = await lab.put<{ properties: { clientId: string; principalId: string } }>(path, {
    location: 'eastus',
  });
  return properties;
}

async function federate(identity: string, subject: string): Promise<void> {
  await lab.put(
    `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${identity}/federatedIdentityCredentials/fic`,
    { properties: { issuer: spec.issuerUrl, subject, audiences: [AUDIENCE] } },
  );
}

interface MountOptions {
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly subject?: string;
  readonly audience?: string;
  readonly tokenIssuer?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly objects?: readonly string[];
}

async function mount(options: MountOptions = {}): Promise<ProviderMountResult> {
  const { namespace = 'team', serviceAccount = 'reader', audience = AUDIENCE, objects = ['one'] } = options;
  const token = await lab.clusters.sign(spec, {
    sub: options.subject ?? `system:serviceaccount:${namespace}:${serviceAccount}`,
    aud: [audience],
    ...(options.tokenIssuer === undefined ? {} : { iss: options.tokenIssuer }),
  });
  const entries = objects.map((name) => `  - |\n    objectName: ${name}\n    objectType: secret\n`);
  return running.provider.mount({
    attributes: {
      'csi.storage.k8s.io/pod.name': 'web',
      'csi.storage.k8s.io/pod.namespace': namespace,
      'csi.storage.k8s.io/serviceAccount.name': serviceAccount,
      [TOKENS_ATTRIBUTE]: JSON.stringify({ [AUDIENCE]: { token, expirationTimestamp: '2030-01-01T00:00:00Z' } }),
      keyvaultName: VAULT,
      tenantID: tenantId,
      clientID: clientId,
      objects: `array:\n${entries.join('')}`,
      ...options.parameters,
    },
    secrets: new Secret({}),
    targetPath: '/unused',
    permission: 0o644,
    currentVersions: new Map(),
    signal: new AbortController().signal,
  });
}

/** The requests to Entra ID and to vaults since the test began; the issuer's documents are Entra ID's own business. */
function requests(): string[] {
  return lab.cloud.audit
    .records()
    .slice(seenRecords)
    .filter(({ service }) => service === 'entra' || service === 'keyvault')
    .map(({ service, operation, result }) => `${service} ${operation} ${result}`);
}

/** Waits until what the provider keeps is too old to serve. */
const windowEnds = () => systemClock.sleep(WINDOW_MS + 50);

describe('keyferry provider on its socket', () => {
  it('is reached by its owner only', async () => {
    expect((await stat(running.socketPath)).mode & 0o777).toBe(0o600);
  });

  it('answers a mount with the real value and version, for two requests to Azure instead of five', async () => {
    const { files, versions } = await mount();
    expect(files.map(({ path, mode, contents }) => [path, mode, Buffer.from(contents.expose()).toString()])).toEqual([
      ['one', 0o644, 'the first value'],
    ]);
    expect(versions).toEqual([{ id: 'secret/one', version: expect.stringMatching(/^[0-9a-f]{32}$/) }]);
    expect(requests()).toEqual(['entra TokenIssue Success', 'keyvault SecretGet Success']);
  });

  it('serves 20 pods with one identity and two secrets by one exchange and two reads', async () => {
    await windowEnds();
    seenRecords = lab.cloud.audit.records().length;
    const results = await Promise.all(Array.from({ length: 20 }, () => mount({ objects: ['one', 'two'] })));
    expect(new Set(results.map(({ files }) => Buffer.from(files[1]?.contents.expose() ?? []).toString()))).toEqual(
      new Set(['the second value']),
    );
    expect(requests().toSorted()).toEqual([
      'entra TokenIssue Success',
      'keyvault SecretGet Success',
      'keyvault SecretGet Success',
    ]);
  });

  it('does not serve a pod of another service account from what it holds', async () => {
    await mount();
    await expect(mount({ serviceAccount: 'other' })).rejects.toThrow('AADSTS700213');
    await expect(mount({ namespace: 'other' })).rejects.toThrow('AADSTS700213');
  });

  it('does not serve a pod that brings a token of another cluster in the name of this one', async () => {
    await mount();
    await expect(mount({ tokenIssuer: 'https://eastus.oic.prod-aks.azure.com/other/' })).rejects.toThrow(
      'AADSTS700211',
    );
  });
});

describe('what Azure refuses reaches the driver with its own code and text', () => {
  const cases: readonly [string, MountOptions, RegExp][] = [
    [
      'another subject',
      { subject: 'system:serviceaccount:team:readers' },
      /^failed to mount objects, error: failed to get objectType:secret, objectName:one, objectVersion:: .*AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:team:readers'/,
    ],
    ['another issuer', { tokenIssuer: 'https://issuer.test/' }, /AADSTS700211: .*issuer 'https:\/\/issuer\.test\/'/],
    ['another audience', { audience: 'api://other' }, /AADSTS700212: .*audience 'api:\/\/other'/],
    [
      'an unknown tenant',
      { parameters: { tenantID: '11111111-2222-4333-8444-555555555555' } },
      /AADSTS90002: Tenant '11111111-2222-4333-8444-555555555555' not found/,
    ],
    [
      'an unknown client',
      { parameters: { clientID: '11111111-2222-4333-8444-555555555555' } },
      /AADSTS700016: Application with identifier '11111111-2222-4333-8444-555555555555' was not found/,
    ],
    [
      'a missing secret',
      { objects: ['one', 'nowhere'] },
      /objectName:nowhere, .*SecretNotFound: .*nowhere was not found in this key vault/,
    ],
    [
      'a disabled secret',
      { objects: ['off'] },
      /Forbidden\/SecretDisabled: Operation get is not allowed on a disabled secret/,
    ],
    [
      'a missing version',
      { parameters: { objects: `array: [{objectName: one, objectType: secret, objectVersion: ${'0'.repeat(32)}}]` } },
      /SecretNotFound/,
    ],
    [
      'a vault that does not exist',
      { parameters: { keyvaultName: 'kv-nowhere' } },
      /objectName:one, .*: reading from https:\/\/kv-nowhere\.vault\.azure\.net: .*no vault has this name/,
    ],
  ];

  it.each(cases)('%s', async (_name, options, text) => {
    const error: unknown = await mount(options).catch((thrown: unknown) => thrown);
    expect(errorText(error)).toMatch(text);
  });

  it('no access policy, said once for all objects and with what to do', async () => {
    const made = await makeIdentity('stranger');
    await federate('stranger', 'system:serviceaccount:team:stranger');
    const options = { serviceAccount: 'stranger', objects: ['one', 'two'], parameters: { clientID: made.clientId } };
    const text = errorText(await mount(options).catch((thrown: unknown) => thrown));
    expect(text).toMatch(
      /objectName:one, .*objectName:two, .*Forbidden\/ForbiddenByPolicy: .*does not have secrets get permission on key vault 'kv-provider-test.*\(give the identity the get permission/,
    );
    expect(text.match(/does not have secrets get permission/g)).toHaveLength(1);
  });

  it('an identity without federated credentials', async () => {
    const made = await makeIdentity('lonely');
    await expect(mount({ parameters: { clientID: made.clientId } })).rejects.toThrow('AADSTS70025');
  });
});

describe('a credential that is revoked', () => {
  it('stops new mounts once the window is over, and serves them again when it is back', async () => {
    await windowEnds();
    await mount();
    await federate('reader', 'system:serviceaccount:team:readerx');
    await mount();
    await windowEnds();
    await expect(mount()).rejects.toThrow('AADSTS700213');
    await federate('reader', 'system:serviceaccount:team:reader');
    await expect(mount()).resolves.toMatchObject({ versions: [{ id: 'secret/one' }] });
  });
});

it('writes no token and no value into its log, and ends on SIGTERM', async () => {
  const code = await running.stop();
  expect(code).toBe(0);
  expect(running.logs).toContain('Provider stops');
  expect(running.logs).not.toMatch(/eyJ|the first value|the second value/);
  await expect(stat(running.socketPath)).rejects.toThrow('ENOENT');
});
