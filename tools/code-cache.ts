// Makes the code cache of a process's bundle, dist/NAME.cjs.cache: starts the process here, with an API server that has nothing
// and a proxy that refuses every connection, calls it as kubelet and a driver do, and keeps what V8 compiled for that.
// Nothing is mounted, and nothing leaves the machine.
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Script } from 'node:vm';
import { systemClock } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { IdentityClient, NodeClient, type NodePublishVolumeRequest } from '../src/gen/csi/v1/csi.ts';
import { CSIDriverProviderClient } from '../src/gen/v1alpha1/provider.ts';

interface Daemon {
  readonly exports: { main(argv: readonly string[]): Promise<number> };
  readonly script: Script;
}
type LoadDaemon = (file: string) => Daemon;

const LIMITS = { timeoutMs: 10_000 };
const [name = ''] = process.argv.slice(2);
const root = dirname(import.meta.dirname);
const file = join(root, 'dist', `${name}.cjs`);
const folder = mkdtempSync(join(tmpdir(), 'keyferry-build-'));
const csiSocket = join(folder, 'csi.sock');
const providerSocket = join(folder, 'azure.sock');

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'build', alg: 'RS256', use: 'sig' }] };
const nothing = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };
const apiServer = createServer(({ url }, response) => {
  const known = url === '/openid/v1/jwks';
  response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(known ? jwks : nothing));
}).listen(0, '127.0.0.1');
await once(apiServer, 'listening');
const { port } = apiServer.address() as AddressInfo;
const kubeconfig = join(folder, 'kubeconfig');
writeFileSync(
  kubeconfig,
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'none', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'nobody', user: { token: 'none' } }],
    contexts: [{ name: 'none', context: { cluster: 'none', user: 'nobody' } }],
    'current-context': 'none',
  }),
);
process.env['HTTPS_PROXY'] = 'http://127.0.0.1:1';
process.env['NO_PROXY'] = '';

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  node: [
    `--endpoint=unix://${csiSocket}`,
    `--serve-provider=unix://${providerSocket}`,
    `--provider-volume=${folder}`,
    '--nodeid=build',
    '--metrics-addr=0',
    '--enable-secret-rotation',
  ],
  provider: [`--endpoint=unix://${providerSocket}`, '--healthz-port=0', '--prometheus-port=0'],
};

const AUDIENCE = 'api://AzureADTokenExchange';
const segment = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = { iss: 'https://none', sub: 'system:serviceaccount:n:s', aud: [AUDIENCE], exp: 4_102_444_800 };
const signed = `${segment({ alg: 'RS256', kid: 'build' })}.${segment(claims)}`;
const token = `${signed}.${sign('RSA-SHA256', Buffer.from(signed), privateKey).toString('base64url')}`;
const pod = {
  'csi.storage.k8s.io/pod.name': 'p',
  'csi.storage.k8s.io/pod.namespace': 'n',
  'csi.storage.k8s.io/pod.uid': 'u',
  'csi.storage.k8s.io/serviceAccount.name': 's',
  'csi.storage.k8s.io/serviceAccount.tokens': JSON.stringify({
    [AUDIENCE]: { token, expirationTimestamp: '2100-01-01T00:00:00Z' },
  }),
};
const NOBODY = '00000000-0000-0000-0000-000000000000';

async function callDriver(): Promise<void> {
  const identity = createGrpcClient(IdentityClient, csiSocket);
  const node = createGrpcClient(NodeClient, csiSocket);
  await callUnary(identity, 'probe', {}, LIMITS, systemClock);
  await callUnary(identity, 'getPluginInfo', {}, LIMITS, systemClock);
  await callUnary(node, 'nodeGetInfo', {}, LIMITS, systemClock);
  const target = join(folder, 'pods/u/volumes/kubernetes.io~csi/v/mount');
  const request: NodePublishVolumeRequest = {
    volumeId: 'csi-none',
    publishContext: {},
    stagingTargetPath: '',
    targetPath: target,
    volumeCapability: {
      accessType: { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '' } },
      accessMode: { mode: 1 },
    },
    readonly: true,
    secrets: {},
    volumeContext: { secretProviderClass: 'none', ...pod },
  };
  await refused(callUnary(node, 'nodePublishVolume', request, LIMITS, systemClock));
  await callUnary(node, 'nodeUnpublishVolume', { volumeId: 'csi-none', targetPath: target }, LIMITS, systemClock);
  identity.close();
  node.close();
}

async function callProvider(): Promise<void> {
  const provider = createGrpcClient(CSIDriverProviderClient, providerSocket);
  await callUnary(provider, 'version', { version: 'v1alpha1' }, LIMITS, systemClock);
  const attributes = JSON.stringify({
    ...pod,
    keyvaultName: 'none',
    tenantId: NOBODY,
    clientID: NOBODY,
    objects: 'array:\n  - |\n    objectName: one\n    objectType: secret\n',
  });
  const request = { attributes, secrets: '{}', targetPath: folder, permission: '420', currentObjectVersion: [] };
  await refused(callUnary(provider, 'mount', request, LIMITS, systemClock));
  provider.close();
}

/** There is no class, and no Azure: an answer would mean that this did not run what it should. */
async function refused(call: Promise<unknown>): Promise<void> {
  const answered = await call.then(
    () => true,
    () => false,
  );
  if (answered) throw new Error('a call succeeded that cannot');
}

async function listening(socketPath: string): Promise<void> {
  while (!existsSync(socketPath)) await systemClock.sleep(5);
}

if (/[^\0-\x7f]/.test(readFileSync(file, 'utf8'))) throw new Error(`${file} holds more than ASCII`);
rmSync(`${file}.cache`, { force: true });
const { loadDaemon } = (await import(join(root, 'bin/load-daemon.mjs'))) as { readonly loadDaemon: LoadDaemon };
const { exports, script } = loadDaemon(file);
const ended = exports.main([`--kubeconfig=${kubeconfig}`, ...(FLAGS[name] ?? [])]);
if (name === 'node') {
  await listening(csiSocket);
  await callDriver();
}
await listening(providerSocket);
await callProvider();
writeFileSync(`${file}.cache`, script.createCachedData());
process.emit('SIGTERM');
process.exitCode = await ended;
apiServer.close();
rmSync(folder, { recursive: true, force: true });
