// Classes as the documentation of secrets-store-csi-driver-provider-azure shows them, with its comments, empty values, old
// API version and spelling of tenantId: somebody who changes the driver changes no manifest.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDisposeStack, systemClock } from '#base';
import { RESOURCES, type KubeObject, type SecretObject } from '#kube';
import { podWithClass } from '../support/manifests.ts';
import { driverFolder } from '../support/node-volumes.ts';
import { makeReader } from '../support/reader.ts';
import { makeCluster, podReady, startTestLab, type TestCluster, type TestLab } from '../support/test-lab.ts';

const GROUP = 'secrets-store.csi.x-k8s.io';
const VAULT = 'kv-upstream-samples';

const OBJECTS = `    cloudName: ""                   # [OPTIONAL] the public cloud if empty
    objects:  |
      array:
        - |
          objectName: secret1
          objectType: secret        # secret, key or cert
          objectVersion: ""         # [OPTIONAL] the latest if empty
        - |
          objectName: key1
          objectType: key
          objectVersion: ""
`;
const FILES = ['key1', 'secret1'];
/** The objects of the pages on Secrets and on histories, whose versions are variables of a shell: unset ones leave nothing. */
const withUnsetVersions = (more = '') => `    objects: |
      array:
        - |
          objectName: secret1
          objectType: secret
          objectAlias: secretalias
          objectVersion:          # [OPTIONAL] the latest if empty
${more}        - |
          objectName: key1
          objectType: key
          objectVersion:
${more}`;

interface Sample {
  readonly version?: 'v1alpha1';
  readonly parameters: string;
  /** Fields beside `parameters`. */
  readonly spec?: string;
  /** The volume has upstream's `secrets-store-creds`. */
  readonly servicePrincipal?: true;
  readonly files: readonly string[];
}

/** By the page, or the example, that it stands in; CLIENT_ID stands for what that is in the lab. */
const SAMPLES: Readonly<Record<string, Sample>> = {
  usage: {
    parameters: `    usePodIdentity: "false"               # [OPTIONAL]
    useVMManagedIdentity: "false"         # [OPTIONAL]
    userAssignedIdentityID: "client_id"   # [OPTIONAL]
    clientID: "CLIENT_ID"                 # [OPTIONAL]
    cloudName: ""
    cloudEnvFileName: ""
    objects:  |
      array:
        - |
          objectName: secret1
          objectAlias: SECRET_1           # [OPTIONAL]
          objectType: secret
          objectVersion: ""
          filePermission: 0755                # [OPTIONAL]
        - |
          objectName: key1
          objectAlias: ""
          objectType: key
          objectVersion: ""
`,
    files: ['SECRET_1', 'key1'],
  },
  'workload-identity-mode': {
    parameters: `    usePodIdentity: "false"\n    clientID: "CLIENT_ID"\n${OBJECTS}`,
    files: FILES,
  },
  'service-principal-mode': {
    version: 'v1alpha1',
    parameters: `    usePodIdentity: "false"         # [OPTIONAL]\n${OBJECTS}`,
    servicePrincipal: true,
    files: FILES,
  },
  'user-assigned-msi-mode': {
    parameters: `    usePodIdentity: "false"\n    useVMManagedIdentity: "true"\n    userAssignedIdentityID: "CLIENT_ID"\n${OBJECTS}`,
    files: FILES,
  },
  'system-assigned-msi-mode': {
    version: 'v1alpha1',
    parameters: `    usePodIdentity: "false"\n    useVMManagedIdentity: "true"\n    userAssignedIdentityID: ""      # the machine's own\n${OBJECTS}`,
    files: FILES,
  },
  'sync-with-k8s-secrets': {
    version: 'v1alpha1',
    spec: `  secretObjects:                                 # [OPTIONAL]
  - secretName: foosecret
    type: Opaque
    labels:
      environment: "test"
    data:
    - objectName: secretalias                    # the name or the alias
      key: username
`,
    parameters: `    usePodIdentity: "false"\n${withUnsetVersions()}`,
    servicePrincipal: true,
    files: ['key1', 'secretalias'],
  },
  'sync-multiple-versions': {
    parameters: `    clientID: CLIENT_ID\n${withUnsetVersions('          objectVersionHistory: 5                # how many\n')}`,
    files: ['key1/0', 'secretalias/0', 'secretalias/1'],
  },
  'ingress-tls': {
    spec: `  secretObjects:
  - secretName: ingress-tls-csi
    type: kubernetes.io/tls
    data:
    - objectName: ingresscert
      key: tls.key
    - objectName: ingresscert
      key: tls.crt
`,
    parameters: `    usePodIdentity: "false"
    objects: |
      array:
        - |
          objectName: ingresscert
          objectType: secret
`,
    servicePrincipal: true,
    files: ['ingresscert'],
  },
  'custom-environments': {
    parameters: `    cloudName: "AzureStackCloud"
    cloudEnvFileName: "/etc/kubernetes/secrets-store-csi-providers/environment.json"
    clientID: "CLIENT_ID"
    objects: |
      array:
        - |
          objectName: ingresscert
          objectType: cert
          objectVersion: ""
`,
    files: ['ingresscert'],
  },
};

const stack = createDisposeStack();
let lab: TestLab;
let cluster: TestCluster;
let clientId: string;

beforeAll(async () => {
  lab = stack.use(await startTestLab());
  cluster = stack.use(await makeCluster(lab));
  const at = `--vault-name ${VAULT}`;
  await lab.az(`az keyvault create -n ${VAULT} -g g --enable-rbac-authorization false`);
  await lab.az(`az keyvault secret set ${at} -n secret1 --value before`);
  // A vault tells the times of versions in whole seconds: those of one second have no order.
  await systemClock.sleep(1001 - (systemClock.now() % 1000));
  await lab.az(`az keyvault secret set ${at} -n secret1 --value Hello!`);
  await lab.az(`az keyvault key create ${at} -n key1 --kty RSA`);
  const policy = JSON.stringify({
    issuerParameters: { name: 'Self' },
    keyProperties: { keyType: 'RSA', keySize: 2048, exportable: true },
    secretProperties: { contentType: 'application/x-pkcs12' },
    x509CertificateProperties: { subject: 'CN=demo.test.com' },
  });
  await lab.az(`az keyvault certificate create ${at} -n ingresscert -p '${policy}'`);
  ({ clientId } = await makeReader(lab, cluster, { vault: VAULT }));
  await allow(`--spn ${clientId}`);
  await makeServicePrincipal();
  await assignToNodes();
  await writeFile(
    join(await driverFolder(lab.folder.root), 'environment.json'),
    JSON.stringify({
      name: 'AzureStackCloud',
      activeDirectoryEndpoint: 'https://login.microsoftonline.com/',
      keyVaultEndpoint: 'https://vault.azure.net/',
      keyVaultDNSSuffix: 'vault.azure.net',
    }),
  );
  for (const name of Object.keys(SAMPLES)) await apply(name);
}, 120_000);
afterAll(() => stack[Symbol.asyncDispose]());

async function allow(whom: string): Promise<void> {
  const permissions = '--key-permissions get list --secret-permissions get list --certificate-permissions get list';
  await lab.az(`az keyvault set-policy -n ${VAULT} ${whom} ${permissions}`);
}

async function makeServicePrincipal(): Promise<void> {
  const made = JSON.parse(await lab.az('az ad sp create-for-rbac --skip-assignment -n samples')) as {
    readonly appId: string;
    readonly password: string;
  };
  await allow(`--spn ${made.appId}`);
  await cluster.client.create(RESOURCES.secrets, 'default', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'secrets-store-creds', labels: { 'secrets-store.csi.k8s.io/used': 'true' } },
    stringData: { clientid: made.appId, clientsecret: made.password },
  } as KubeObject);
}

/** The machines get the user-assigned identity and one of their own. */
async function assignToNodes(): Promise<void> {
  const group = await lab.az('az aks show -g g -n c --query nodeResourceGroup -o tsv');
  const set = `-g ${group} -n ${await lab.az(`az vmss list -g ${group} --query [0].name -o tsv`)}`;
  const identity = await lab.az('az identity show -g g -n reader --query id -o tsv');
  await lab.az(`az vmss identity assign ${set} --identities ${identity} [system]`);
  await allow(`--object-id ${await lab.az(`az vmss identity show ${set} --query principalId -o tsv`)}`);
}

async function apply(name: string): Promise<void> {
  const { version = 'v1', parameters, spec = '', servicePrincipal } = SAMPLES[name] as Sample;
  const written = `apiVersion: ${GROUP}/${version}
kind: SecretProviderClass
metadata:
  name: ${name}
spec:
  provider: azure
${spec}  parameters:
    keyvaultName: "${VAULT}"          # the vault
${parameters.replace('CLIENT_ID', clientId)}    tenantId: "${cluster.tenantId}"                 # of the vault
`;
  const resource = { group: GROUP, version, resource: 'secretproviderclasses' };
  await cluster.client.create(resource, 'default', parse(written) as KubeObject);
  const pod = podWithClass(name, 'reader', name);
  const [volume] = pod.spec.volumes;
  const csi = { ...volume?.csi, ...(servicePrincipal && { nodePublishSecretRef: { name: 'secrets-store-creds' } }) };
  await cluster.client.create(RESOURCES.pods, 'default', {
    ...pod,
    spec: { ...pod.spec, volumes: [{ ...volume, csi }] },
  } as KubeObject);
}

/** What a line of a shell in a sample's pod prints, without the line end. */
async function inPod(name: string, line: string): Promise<string> {
  await podReady(cluster.client, name, 40_000);
  let printed = '';
  const onStdout = (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  };
  const command = ['sh', '-c', `cd /mnt/secrets-store && ${line} 2>&1`];
  await cluster.client.exec({ namespace: 'default', name }, { command, onStdout, onStderr: onStdout });
  return printed.trim();
}

it.each(Object.entries(SAMPLES))(
  '%s',
  async (name, { files }) => {
    expect((await inPod(name, 'find -L . -type f ! -path "*/..*" | sort')).split('\n')).toEqual(
      files.map((file) => `./${file}`),
    );
  },
  50_000,
);

it('the files are what the pages say', async () => {
  expect(await inPod('usage', 'cat SECRET_1')).toBe('Hello!');
  expect(await inPod('usage', 'stat -L -c %a SECRET_1 key1 | tr "\\n" " "')).toBe('755 644');
  expect(await inPod('sync-multiple-versions', 'cat secretalias/0 secretalias/1')).toBe('Hello!before');
  expect(await inPod('ingress-tls', 'grep BEGIN ingresscert | tr "\\n" " "')).toBe(
    '-----BEGIN PRIVATE KEY----- -----BEGIN CERTIFICATE-----',
  );
});

it('the Secrets are what the pages say', async () => {
  const get = (name: string) => cluster.client.get<SecretObject>(RESOURCES.secrets, { namespace: 'default', name });
  await podReady(cluster.client, 'sync-with-k8s-secrets', 40_000);
  const opaque = await get('foosecret');
  expect(opaque).toMatchObject({ type: 'Opaque', metadata: { labels: { environment: 'test' } } });
  expect(Buffer.from(opaque.data?.['username'] ?? '', 'base64').toString()).toBe('Hello!');
  const tls = await get('ingress-tls-csi');
  expect(tls.type).toBe('kubernetes.io/tls');
  expect(Object.keys(tls.data ?? {}).toSorted()).toEqual(['tls.crt', 'tls.key']);
});
