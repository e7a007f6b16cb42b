import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDisposeStack, Secret, systemClock } from '#base';
import { createAzureClients, findCloud, type Cloud } from '#azure';
import { startHttpServer } from '#http';
import type { ClusterSpec } from '#lab/cloud';
import { TOKENS_ATTRIBUTE } from '#providerapi';
import { startCloudLab, type CloudLab } from './support/cloud-lab.ts';
import { startProviderProcess, type ProviderProcess } from './support/provider-process.ts';

// Every way to prove an identity that the emulated Azure knows, through `keyferry provider` on its socket.

const VAULT = 'kv-identities';
const stack = createDisposeStack();
let lab: CloudLab;
let spec: ClusterSpec;
let tenantId: string;
let process_: ProviderProcess;
let metadataUrl: string;
let nodeIdentity: Identity;
let stranger: Identity;
let workload: Identity;
let application: { readonly id: string; readonly appId: string; readonly secret: string };

interface Identity {
  readonly id: string;
  readonly clientId: string;
  readonly principalId: string;
}

/** What the API server says of service accounts, by name: annotations, or a status. */
const serviceAccounts = new Map<string, Readonly<Record<string, string>> | 403>();
const asked: string[] = [];

beforeAll(async () => {
  lab = stack.use(await startCloudLab());
  ({ tenantId } = lab.cloud.directory.tenant);
  spec = await lab.makeCluster();
  nodeIdentity = await makeIdentity('node');
  stranger = await makeIdentity('stranger');
  workload = await makeIdentity('workload');
  await lab.put(
    '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/workload/federatedIdentityCredentials/fic',
    {
      properties: {
        issuer: spec.issuerUrl,
        subject: 'system:serviceaccount:team:annotated',
        audiences: ['api://AzureADTokenExchange'],
      },
    },
  );
  const systemAssigned = await assignToNode(nodeIdentity);
  application = await makeApplication();
  const readers = [
    systemAssigned,
    nodeIdentity.principalId,
    workload.principalId,
    await servicePrincipalOf(application),
  ];
  await lab.put(`/providers/Microsoft.KeyVault/vaults/${VAULT}`, {
    location: 'eastus',
    properties: {
      tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [...readers, lab.cloud.directory.user.objectId].map((objectId) => ({
        tenantId,
        objectId,
        permissions: { secrets: ['get', 'set'] },
      })),
    },
  });
  await lab.put(`https://${VAULT}.vault.azure.net/secrets/one`, { value: 'the value' });
  const metadata = stack.use(await lab.cloud.startNodeMetadata(spec.armId));
  metadataUrl = `http://127.0.0.1:${metadata.port}`;
  const apiServer = stack.use(
    await startHttpServer({
      listener: (request, response) => {
        const path = request.url?.split('?')[0] ?? '';
        response.setHeader('content-type', 'application/json');
        const name = /^\/api\/v1\/namespaces\/team\/serviceaccounts\/([a-z]+)$/.exec(path)?.[1];
        if (path === '/openid/v1/jwks') response.end(JSON.stringify(lab.clusters.issuer(spec.armId)?.jwks()));
        else if (name === undefined) response.writeHead(404).end('{}');
        else {
          asked.push(name);
          const answer = serviceAccounts.get(name) ?? {};
          const reason = {
            kind: 'Status',
            reason: 'Forbidden',
            message: `serviceaccounts "${name}" is forbidden`,
            code: 403,
          };
          if (answer === 403) response.writeHead(403).end(JSON.stringify(reason));
          else response.end(JSON.stringify({ kind: 'ServiceAccount', metadata: { name, annotations: answer } }));
        }
      },
    }),
  );
  process_ = stack.use(
    await startProviderProcess({
      lab,
      apiServer: `http://127.0.0.1:${apiServer.port}`,
      flags: ['--freshness-window=1m'],
      env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: metadataUrl },
    }),
  );
}, 60_000);

afterAll(() => stack[Symbol.asyncDispose]());

async function makeIdentity(name: string): Promise<Identity> {
  const path = `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  const made = await lab.put<{ id: string; properties: Omit<Identity, 'id'> }>(path, { location: 'eastus' });
  return { id: made.id, ...made.properties };
}

/** Gives the cluster's scale set the identity and one of its own; answers the principal of that. */
async function assignToNode(identity: Identity): Promise<string> {
  const { subscriptionId } = lab.cloud.directory.subscription;
  const api = 'api-version=2024-07-01';
  const subscription = `https://management.azure.com/subscriptions/${subscriptionId}`;
  const listed = await lab.call('GET', `${subscription}/providers/Microsoft.Compute/virtualMachineScaleSets?${api}`);
  const [scaleSet] = (listed.body as { value: { id: string }[] }).value;
  const changed = await lab.call('PATCH', `https://management.azure.com${scaleSet?.id}?${api}`, {
    identity: { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [identity.id]: {} } },
  });
  return (changed.body as { identity: { principalId: string } }).identity.principalId;
}

const graph = (path: string) => `https://graph.microsoft.com/v1.0${path}`;

async function makeApplication() {
  const { id, appId } = (await lab.call('POST', graph('/applications'), { displayName: 'app' })).body as {
    id: string;
    appId: string;
  };
  const added = await lab.call('POST', graph(`/applications/${id}/addPassword`), { passwordCredential: {} });
  return { id, appId, secret: (added.body as { secretText: string }).secretText };
}

async function servicePrincipalOf({ appId }: { readonly appId: string }): Promise<string> {
  return ((await lab.call('POST', graph('/servicePrincipals'), { appId })).body as { id: string }).id;
}

interface Mount {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly serviceAccount?: string;
}

/** The content of the one file of a mount. */
async function mount({ parameters = {}, secrets = {}, serviceAccount = 'plain' }: Mount): Promise<string> {
  const token = await lab.clusters.sign(spec, {
    sub: `system:serviceaccount:team:${serviceAccount}`,
    aud: ['api://AzureADTokenExchange'],
  });
  const { files } = await process_.provider.mount({
    attributes: {
      'csi.storage.k8s.io/pod.name': 'web',
      'csi.storage.k8s.io/pod.namespace': 'team',
      'csi.storage.k8s.io/pod.uid': 'uid',
      'csi.storage.k8s.io/serviceAccount.name': serviceAccount,
      [TOKENS_ATTRIBUTE]: JSON.stringify({ 'api://AzureADTokenExchange': { token } }),
      keyvaultName: VAULT,
      tenantID: tenantId,
      objects: 'array:\n  - objectName: one\n    objectType: secret\n',
      ...parameters,
    },
    secrets: new Secret(secrets),
    targetPath: '/unused',
    permission: 0o644,
    currentVersions: new Map(),
    signal: new AbortController().signal,
  });
  return Buffer.from(files[0]?.contents.expose() ?? []).toString();
}

/** The audit's requests to IMDS, Entra ID and the vault during `work`. */
async function requestsOf(work: () => Promise<unknown>): Promise<string[]> {
  const before = lab.cloud.audit.records().length;
  await work();
  return lab.cloud.audit
    .records()
    .slice(before)
    .filter(({ service }) => ['imds', 'entra', 'keyvault'].includes(service))
    .map(({ service, operation, result }) => `${service} ${operation} ${result}`);
}

describe('a managed identity of the node', () => {
  const vm = { useVMManagedIdentity: 'true' };

  it('that is system-assigned reads a secret by one request to the metadata service, shared by the pods of the node', async () => {
    const pods = Array.from({ length: 5 }, () => ({ parameters: vm }));
    const requests = await requestsOf(async () => {
      expect(await Promise.all(pods.map(mount))).toEqual(pods.map(() => 'the value'));
    });
    expect(requests).toEqual(['imds IdentityToken Success', 'keyvault SecretGet Success']);
  });

  it('that is user-assigned is named by its client id or by its resource id', async () => {
    const byClientId = { ...vm, userAssignedIdentityID: nodeIdentity.clientId };
    expect(await mount({ parameters: byClientId })).toBe('the value');
    expect(await mount({ parameters: { ...vm, userAssignedIdentityID: nodeIdentity.id } })).toBe('the value');
  });

  it('is used where clientID is set as well', async () => {
    const parameters = { ...vm, clientID: 'not-used', [TOKENS_ATTRIBUTE]: '' };
    expect(await mount({ parameters })).toBe('the value');
  });

  it('that is not assigned to the node is refused with what IMDS says and what helps', async () => {
    const parameters = { ...vm, userAssignedIdentityID: stranger.clientId };
    await expect(mount({ parameters })).rejects.toThrow(
      new RegExp(
        `getting a token for the node's user-assigned identity ${stranger.clientId} from ${metadataUrl}: Identity not found .*az vmss identity assign`,
      ),
    );
  });
});

describe('a service principal', () => {
  it('with its secret reads a secret, and another secret is refused while the right one is kept', async () => {
    const secrets = { clientid: application.appId, clientsecret: application.secret };
    expect(await mount({ secrets })).toBe('the value');
    await expect(mount({ secrets: { ...secrets, clientsecret: 'wrong' } })).rejects.toThrow('AADSTS7000215');
    expect(await requestsOf(() => mount({ secrets }))).toEqual([]);
  });

  const openssl = (...words: readonly string[]) => execFileSync('openssl', words, { cwd: lab.folder, stdio: 'pipe' });

  /** A certificate of openssl's with its key, in PEM and as PKCS#12. */
  function makeCertificate(name: string) {
    const file = (end: string) => join(lab.folder, `${name}.${end}`);
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-days',
      '2',
      '-keyout',
      file('key'),
      '-out',
      file('crt'),
    );
    openssl(
      'pkcs12',
      '-export',
      '-inkey',
      file('key'),
      '-in',
      file('crt'),
      '-passout',
      'pass:p 1',
      '-out',
      file('pfx'),
    );
    return {
      pem: readFileSync(file('key'), 'utf8') + readFileSync(file('crt'), 'utf8'),
      pfx: readFileSync(file('pfx')).toString('base64'),
      der: openssl('x509', '-in', file('crt'), '-outform', 'DER').toString('base64'),
    };
  }

  it('with its certificate reads a secret, whether that is PEM or PKCS#12', async () => {
    const known = makeCertificate('known');
    const changed = await lab.call('PATCH', graph(`/applications/${application.id}`), {
      keyCredentials: [{ type: 'AsymmetricX509Cert', usage: 'Verify', key: known.der }],
    });
    expect(changed.status).toBe(204);
    const secrets = { ClientID: application.appId, clientcertificate: known.pem };
    expect(await mount({ secrets })).toBe('the value');
    const asPfx = { clientid: application.appId, clientcertificate: known.pfx, clientcertificatepassword: 'p 1' };
    expect(await mount({ secrets: asPfx })).toBe('the value');
    await expect(mount({ secrets: { ...asPfx, clientcertificatepassword: 'wrong' } })).rejects.toThrow(
      /clientcertificate of the Secret of nodePublishSecretRef cannot be read .*clientcertificatepassword/,
    );
  });

  it('with a certificate that the application does not know is told so', async () => {
    const secrets = { clientid: application.appId, clientcertificate: makeCertificate('unknown').pem };
    await expect(mount({ secrets })).rejects.toThrow(/AADSTS700027.*add its public side to the application/);
  });
});

describe('the annotations of the service account', () => {
  it('name client and tenant where the class names none, and are read once for its pods', async () => {
    serviceAccounts.set('annotated', {
      'azure.workload.identity/client-id': workload.clientId,
      'azure.workload.identity/tenant-id': tenantId,
    });
    const pods = Array.from({ length: 4 }, () => ({ parameters: { tenantID: '' }, serviceAccount: 'annotated' }));
    expect(await Promise.all(pods.map(mount))).toEqual(pods.map(() => 'the value'));
    expect(asked.filter((name) => name === 'annotated')).toHaveLength(1);
  });

  it('have no say where the class names a client', async () => {
    const parameters = { clientID: stranger.clientId };
    await expect(mount({ parameters, serviceAccount: 'annotated' })).rejects.toThrow(stranger.clientId);
  });

  it('have no say where a Secret is named', async () => {
    const secrets = { clientid: application.appId, clientsecret: application.secret };
    const requests = await requestsOf(() => mount({ secrets, serviceAccount: 'unasked' }));
    expect(requests).toEqual([]);
    expect(asked).not.toContain('unasked');
  });

  it('that are missing are asked for, by name', async () => {
    await expect(mount({ serviceAccount: 'plain' })).rejects.toThrow(
      /nodePublishSecretRef secret is not set; set clientID .* annotation azure\.workload\.identity\/client-id of the service account team\/plain/,
    );
  });

  it('that may not be read say what is missing', async () => {
    serviceAccounts.set('hidden', 403);
    await expect(mount({ serviceAccount: 'hidden' })).rejects.toThrow(
      /the annotations of the service account team\/hidden cannot be read: .*forbidden.* \(let the driver get serviceaccounts/,
    );
  });
});

describe('pod identity', () => {
  it('gives the token that NMI has for the pod', async () => {
    const clients = createAzureClients({
      clock: systemClock,
      userAgent: 'test',
      nodeServices: { podIdentity: metadataUrl },
    });
    const pod = { namespace: 'team', name: 'web', uid: 'uid' };
    const source = clients.tokenSource(findCloud('AzurePublicCloud') as Cloud, { mode: 'pod-identity', tenantId, pod });
    const { expiresAtMs } = await source.token('https://vault.azure.net/.default', {
      signal: new AbortController().signal,
    });
    expect(expiresAtMs).toBeGreaterThan(systemClock.now());
    expect(lab.cloud.audit.records().at(-1)).toMatchObject({
      operation: 'PodIdentityToken',
      result: 'Success',
      details: { pod: 'team/web' },
    });
  });
});
