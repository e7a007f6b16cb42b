// Cases of the end-to-end suite of upstream's Azure provider, all the way from az over kubelet to the file of a container:
// the identities that are not the pod's own, a cloud of one's own, and what a rotation changes. Its other cases have files
// of their own (test/acceptance.md).
import { createPublicKey, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES, type SecretObject } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { driverFolder } from '../support/node-volumes.ts';
import { makeReader } from '../support/reader.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  warnings,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const VAULT = 'kv-azure-e2e';
const AT = `--vault-name ${VAULT}`;
/** Prints the files of a history in their order. */
const HISTORY = 'for f in old/*; do cat $f; echo; done';
const REFRESH = 'secrets-store.csi.k8s.io/refresh';

let lab: TestLab;
let cluster: TestCluster;
let clientId: string;

beforeAll(async () => {
  lab = await startTestLab();
  cluster = await makeCluster(lab, '--enable-secret-rotation');
  await lab.az(`az keyvault create -n ${VAULT} -g g`);
  await lab.az(`az keyvault secret set ${AT} -n One --value first`);
  ({ clientId } = await makeReader(lab, cluster, { vault: VAULT }));
  await lab.az(
    `az keyvault set-policy -n ${VAULT} --spn ${clientId} --secret-permissions get list --key-permissions get list --certificate-permissions get list`,
  );
}, 60_000);
afterAll(async () => {
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
});

/** Makes a class; `parameters` are put over those of workload identity, undefined takes one away. */
async function createClass(
  name: string,
  parameters: Readonly<Record<string, string | undefined>>,
  secretObjects?: readonly unknown[],
): Promise<void> {
  const options = { name, clientId, tenantId: cluster.tenantId, vault: VAULT, secrets: ['One'] };
  const made = secretProviderClass({ ...options, ...(secretObjects && { secretObjects }) });
  const all = Object.entries({ ...made.spec.parameters, ...parameters }).filter(([, text]) => text !== undefined);
  await cluster.client.create(SECRET_CLASS_RESOURCES.classes, 'default', {
    ...made,
    spec: { ...made.spec, parameters: Object.fromEntries(all) },
  });
}

/** A pod of that class, ready; `secretRef` is its nodePublishSecretRef. */
async function startPod(name: string, { account = 'reader', secretRef = '' } = {}): Promise<void> {
  const pod = podWithClass(name, account, name);
  const volumes = pod.spec.volumes.map((volume) => ({
    ...volume,
    csi: { ...volume.csi, ...(secretRef !== '' && { nodePublishSecretRef: { name: secretRef } }) },
  }));
  await cluster.client.create(RESOURCES.pods, 'default', { ...pod, spec: { ...pod.spec, volumes } });
  await podReady(cluster.client, name, 25_000);
}

async function inPod(pod: string, line: string): Promise<string> {
  let printed = '';
  const onStdout = (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  };
  const command = ['sh', '-c', `cd /mnt/secrets-store && ${line} 2>&1`];
  await cluster.client.exec({ namespace: 'default', name: pod }, { command, onStdout, onStderr: onStdout });
  return printed.trim();
}

const prints = (pod: string, line: string, wanted: (text: string) => boolean) =>
  eventually(`${pod} prints something else for ${line}`, async () => {
    const seen = await inPod(pod, line);
    return wanted(seen) ? { found: seen } : { seen };
  });

const refresh = (pod: string, mark: string) =>
  cluster.client.patch(
    RESOURCES.pods,
    { namespace: 'default', name: pod },
    { type: 'merge', body: { metadata: { annotations: { [REFRESH]: mark } } } },
  );

/** What becomes of a class and of nothing else: the service account of these pods is no identity. */
describe('an identity that is not the pod’s own', () => {
  it('is the service principal of nodePublishSecretRef, with the secret that it has now', async () => {
    const appId = await lab.az('az ad app create --display-name e2e --query appId -o tsv');
    const objectId = await lab.az(`az ad sp create --id ${appId} --query id -o tsv`);
    await lab.az(`az keyvault set-policy -n ${VAULT} --object-id ${objectId} --secret-permissions get`);
    const reset = async (more = '') => ({
      clientid: appId,
      clientsecret: await lab.az(`az ad app credential reset --id ${appId} --query password -o tsv ${more}`.trim()),
    });
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sp' }, stringData: await reset() };
    await cluster.client.create(RESOURCES.secrets, 'default', secret);
    await createClass('principal', { clientID: undefined });
    await startPod('principal', { account: 'default', secretRef: 'sp' });
    expect(await inPod('principal', 'cat One')).toBe('first');

    // The old secret is gone from the application; kubelet brings the new one with its next publish.
    await cluster.client.patch(
      RESOURCES.secrets,
      { namespace: 'default', name: 'sp' },
      { type: 'merge', body: { stringData: await reset() } },
    );
    await lab.az(`az keyvault secret set ${AT} -n One --value second`);
    await lab.lab.control.clock.advance(300_000);
    await prints('principal', 'cat One', (text) => text === 'second');
  }, 60_000);

  it('is a managed identity of the node', async () => {
    const group = await lab.az('az aks show -g g -n c --query nodeResourceGroup -o tsv');
    const scaleSet = await lab.az(`az vmss list -g ${group} --query [0].name -o tsv`);
    const node = JSON.parse(await lab.az('az identity create -g g -n node')) as Record<string, string>;
    await lab.az(`az vmss identity assign -g ${group} -n ${scaleSet} --identities ${node['id']}`);
    await lab.az(`az keyvault set-policy -n ${VAULT} --object-id ${node['principalId']} --secret-permissions get`);
    await createClass('machine', {
      clientID: undefined,
      useVMManagedIdentity: 'true',
      userAssignedIdentityID: node['clientId'],
    });
    await startPod('machine', { account: 'default' });
    expect(await inPod('machine', 'cat One')).toBe('second');
  }, 30_000);
});

describe('a cloud of one’s own', () => {
  it('is the one that the file on the node describes', async () => {
    const folder = await driverFolder(lab.folder.root);
    const cloud = {
      name: 'AzureStackCloud',
      activeDirectoryEndpoint: 'https://login.microsoftonline.com/',
      keyVaultEndpoint: 'https://vault.azure.net/',
      keyVaultDNSSuffix: 'vault.azure.net',
    };
    writeFileSync(join(folder, 'cloud.json'), JSON.stringify(cloud), { mode: 0o644 });
    const cloudEnvFileName = '/etc/kubernetes/secrets-store-csi-providers/cloud.json';
    await createClass('own-cloud', { cloudName: 'AzureStackCloud', cloudEnvFileName });
    await startPod('own-cloud');
    expect(await inPod('own-cloud', 'cat One')).toBe('second');
  }, 30_000);
});

describe('a rotation', () => {
  it('moves a history on: the newest version is always 0', async () => {
    await createClass('history', {
      objects: 'array:\n  - {objectName: One, objectType: secret, objectAlias: old, objectVersionHistory: 2}\n',
    });
    await startPod('history');
    expect(await inPod('history', HISTORY)).toBe('second\nfirst');
    // Creation times, by which versions are sorted, are in seconds.
    await lab.lab.control.clock.advance(2000);
    await lab.az(`az keyvault secret set ${AT} -n One --value third`);
    await refresh('history', '1');
    await prints('history', 'cat old/0', (text) => text === 'third');
    expect(await inPod('history', HISTORY)).toBe('third\nsecond');
  }, 30_000);

  it('of a certificate reaches key, certificate and the TLS Secret together', async () => {
    const policy = JSON.stringify({
      issuerParameters: { name: 'Self' },
      keyProperties: { keyType: 'EC', curve: 'P-256' },
      secretProperties: { contentType: 'application/x-pkcs12' },
      x509CertificateProperties: { subject: 'CN=e2e.example' },
    });
    const create = () => lab.az(`az keyvault certificate create ${AT} -n web -p '${policy}'`);
    await create();
    const objects =
      'array:\n  - {objectName: web, objectType: secret}\n  - {objectName: web, objectType: key, objectAlias: web.pub}\n  - {objectName: web, objectType: cert, objectAlias: web.cer}\n';
    const data = [
      { objectName: 'web', key: 'tls.crt' },
      { objectName: 'web', key: 'tls.key' },
    ];
    await createClass('web', { objects }, [{ secretName: 'web-tls', type: 'kubernetes.io/tls', data }]);
    await startPod('web');
    const before = await inPod('web', 'cat web.cer');
    await create();
    await refresh('web', '1');
    const after = await prints('web', 'cat web.cer', (text) => text !== before);
    const tls = await eventually('the Secret has the new certificate', async () => {
      const { data: held } = await cluster.client.get<SecretObject>(RESOURCES.secrets, {
        namespace: 'default',
        name: 'web-tls',
      });
      const text = Buffer.from(held?.['tls.crt'] ?? '', 'base64').toString();
      return text.trim() === after ? { found: held } : { seen: text };
    });
    const file = await inPod('web', 'cat web');
    expect(file).toContain(after);
    // One generation: the public key of the volume is that of the certificate and of the Secret's private key.
    expect(createPublicKey(await inPod('web', 'cat web.pub')).equals(new X509Certificate(after).publicKey)).toBe(true);
    const key = createPublicKey(Buffer.from(tls?.['tls.key'] ?? '', 'base64').toString());
    expect(key.equals(new X509Certificate(after).publicKey)).toBe(true);
    expect(await warnings(cluster.client, 'web')).toEqual([]);
  }, 40_000);
});
