// A certificate of a vault as a Secret of type kubernetes.io/tls: a TLS server is started with what the Secret holds.
import { connect, createServer } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDisposeStack } from '#base';
import { RESOURCES, type SecretObject } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { makeReader } from '../support/reader.ts';
import { makeCluster, podReady, startTestLab, type TestCluster } from '../support/test-lab.ts';

const VAULT = 'kv-tls-secrets';
const HOST = 'web.example';
const OBJECTS = `array:
  - {objectName: ec, objectType: secret}
  - {objectName: rsa, objectType: secret}
  - {objectName: ec, objectType: secret, objectFormat: pfx, objectEncoding: base64, objectAlias: ec.p12}
`;
/** The Secrets by name, each made from one file. */
const SECRETS = { 'from-pkcs12-as-pem': 'ec', 'from-pem': 'rsa', 'from-pfx': 'ec.p12' } as const;

const policy = (keyProperties: object, contentType: string) =>
  JSON.stringify({
    issuerParameters: { name: 'Self' },
    keyProperties,
    secretProperties: { contentType },
    x509CertificateProperties: { subject: `CN=${HOST}`, subjectAlternativeNames: { dnsNames: [HOST] } },
  });

const stack = createDisposeStack();
let cluster: TestCluster;

beforeAll(async () => {
  const lab = stack.use(await startTestLab());
  cluster = stack.use(await makeCluster(lab));
  await lab.az(`az keyvault create -n ${VAULT} -g g`);
  const ec = policy({ keyType: 'EC', curve: 'P-256' }, 'application/x-pkcs12');
  const rsa = policy({ keyType: 'RSA', keySize: 2048 }, 'application/x-pem-file');
  await lab.az(`az keyvault certificate create --vault-name ${VAULT} -n ec -p '${ec}'`);
  await lab.az(`az keyvault certificate create --vault-name ${VAULT} -n rsa -p '${rsa}'`);
  const { clientId } = await makeReader(lab, cluster, { vault: VAULT });
  const secretObjects = Object.entries(SECRETS).map(([secretName, objectName]) => ({
    secretName,
    type: 'kubernetes.io/tls',
    data: ['tls.crt', 'tls.key', 'ca.crt'].map((key) => ({ objectName, key })),
  }));
  const spc = secretProviderClass({
    name: 'tls',
    clientId,
    tenantId: cluster.tenantId,
    vault: VAULT,
    secrets: [],
    secretObjects,
  });
  await cluster.client.create(SECRET_CLASS_RESOURCES.classes, 'default', {
    ...spc,
    spec: { ...spc.spec, parameters: { ...spc.spec.parameters, objects: OBJECTS } },
  });
  await cluster.client.create(RESOURCES.pods, 'default', podWithClass('app', 'reader', 'tls'));
  await podReady(cluster.client, 'app', 25_000);
}, 90_000);
afterAll(() => stack[Symbol.asyncDispose]());

/** What a client that trusts `ca` says of a server with this certificate and key. */
async function shakeHands(cert: string, key: string, ca: string): Promise<boolean> {
  const server = createServer({ cert, key }, (socket) => socket.end());
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = connect({ port, host: '127.0.0.1', servername: HOST, ca });
    await once(client, 'secureConnect');
    const { authorized } = client;
    client.destroy();
    return authorized;
  } finally {
    server.close();
  }
}

describe('a certificate of a vault', () => {
  it.each(Object.keys(SECRETS))('serves TLS from the Secret %s', async (name) => {
    const secret = await cluster.client.get<SecretObject>(RESOURCES.secrets, { namespace: 'default', name });
    const text = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
    expect(secret.type).toBe('kubernetes.io/tls');
    expect(await shakeHands(text('tls.crt'), text('tls.key'), text('ca.crt'))).toBe(true);
    expect(text('tls.key')).toMatch(/^-----BEGIN (RSA|EC) PRIVATE KEY-----/);
  });
});
