// NodePublishVolume and NodeUnpublishVolume by direct gRPC: a lab in this process, which run.ts starts in namespaces of its
// own, with the production node process as its child; the calls are those that a kubelet makes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog, systemClock, systemRandom } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { createKubeClient, loadKubeconfig, RESOURCES } from '#kube';
import { labEnvironment, startLab, stateFolder } from '#lab/session';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { NodeClient, type NodePublishVolumeRequest } from '../src/gen/csi/v1/csi.ts';
import { preparePublish, testVolume } from '../test/support/csi-volume.ts';
import { secretProviderClass } from '../test/support/manifests.ts';
import { azOutput } from '../test/support/test-lab.ts';
import { row, summarize } from './figures.ts';

const AUDIENCE = 'api://AzureADTokenExchange';
const IN_SEQUENCE = 200;
const AT_ONCE = 16;
const LIMITS = { timeoutMs: 60_000 };

const folder = stateFolder(process.argv[2] ?? '');
await using lab = await startLab({
  folder,
  ephemeral: true,
  allowInternet: false,
  upstreamProxy: undefined,
  clock: systemClock,
  random: systemRandom,
  log: silentLog,
});
const env = labEnvironment({
  folder,
  gatewayPort: lab.gatewayPort,
  path: process.env['PATH'],
  builtinAz: true,
  keepHome: false,
});

const az = (command: string) => azOutput(command, env);

await az('group create -g g -l eastus');
await az(
  'aks create -g g -n c --enable-oidc-issuer --enable-workload-identity --enable-addons azure-keyvault-secrets-provider --generate-ssh-keys',
);
await az('aks get-credentials -g g -n c');
const issuer = await az('aks show -g g -n c --query oidcIssuerProfile.issuerUrl -o tsv');
const {
  clientId = '',
  principalId = '',
  tenantId = '',
} = JSON.parse(await az('identity create -g g -n bench')) as Record<string, string>;
await az(
  `identity federated-credential create -g g --identity-name bench -n federated --issuer ${issuer} --subject system:serviceaccount:default:bench`,
);
await az('keyvault create -n kv-bench -g g');
const SECRETS = Array.from({ length: 10 }, (_, index) => `S${index}`);
for (const name of SECRETS) await az(`keyvault secret set --vault-name kv-bench -n ${name} --value v`);
await az(`keyvault set-policy -n kv-bench --object-id ${principalId} --secret-permissions get`);

using client = createKubeClient({ config: loadKubeconfig(folder.kubeconfig, systemClock), clock: systemClock });
await client.create(RESOURCES.serviceaccounts, 'default', {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'bench' },
});
for (const [name, secrets] of [
  ['one', SECRETS.slice(0, 1)],
  ['ten', SECRETS],
] as const) {
  await client.create(
    SECRET_CLASS_RESOURCES.classes,
    'default',
    secretProviderClass({ name, clientId, tenantId, vault: 'kv-bench', secrets }),
  );
}
const token = await client.createToken({ namespace: 'default', name: 'bench' }, { audiences: [AUDIENCE] });

const runFolder =
  ['/mnt', '/media', '/srv'].find((place) => readdirSync(place).some((name) => /^[0-9a-f]{8}$/.test(name))) ?? '';
const kubelet = join(runFolder, readdirSync(runFolder)[0] ?? '', 'kubelet');
const node = createGrpcClient(NodeClient, join(kubelet, 'plugins', 'csi-secrets-store', 'csi.sock'));
let volumes = 0;

function request(className: string): NodePublishVolumeRequest {
  volumes += 1;
  const tokens = { [AUDIENCE]: token };
  return preparePublish(testVolume(kubelet, volumes), { className, serviceAccount: 'bench', tokens });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = systemClock.monotonic();
  await work();
  return systemClock.monotonic() - startedMs;
}

const publish = (made: NodePublishVolumeRequest) =>
  timed(() => callUnary(node, 'nodePublishVolume', made, LIMITS, systemClock));
const unpublish = (made: NodePublishVolumeRequest) =>
  timed(() =>
    callUnary(
      node,
      'nodeUnpublishVolume',
      { volumeId: made.volumeId, targetPath: made.targetPath },
      LIMITS,
      systemClock,
    ),
  );

async function sequence(className: string, count: number): Promise<{ publishes: number[]; unpublishes: number[] }> {
  const publishes: number[] = [];
  const unpublishes: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const made = request(className);
    publishes.push(await publish(made));
    unpublishes.push(await unpublish(made));
  }
  return { publishes, unpublishes };
}

row('first publish after the node process starts', `${(await publish(request('one'))).toFixed(1)} ms`);
const one = await sequence('one', IN_SEQUENCE);
row(`NodePublishVolume, one secret, ${IN_SEQUENCE} in sequence`, summarize(one.publishes));
row(`NodeUnpublishVolume, ${IN_SEQUENCE} in sequence`, summarize(one.unpublishes));
row('NodePublishVolume, ten secrets, in sequence', summarize((await sequence('ten', 50)).publishes));
const waiting = Array.from({ length: IN_SEQUENCE }, () => request('one'));
const together: number[] = [];
const totalMs = await timed(() =>
  Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let made = waiting.pop(); made !== undefined; made = waiting.pop()) together.push(await publish(made));
    }),
  ),
);
row(
  `NodePublishVolume, ${IN_SEQUENCE} at ${AT_ONCE} at once`,
  `${summarize(together)}, ${(totalMs / 1000).toFixed(1)} s in all`,
);
row('resident memory of the node process', nodeMemory());
node.close();

function nodeMemory(): string {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    if (!command.includes('\0node\0') || !command.includes('csi.sock')) continue;
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return `${Math.round(Number(kib) / 1024)} MiB`;
  }
  return 'not found';
}
