// The measurements of docs/performance.md, in one run: time to ready, the demo, publishes by direct gRPC, the image's process
// in a container, and the requests that pods which share an identity cause. `npm run bench` builds first. Figures depend on the
// machine: compare ratios within one run.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#base';
import { RESOURCES } from '#kube';
import { packageRoot, planNamespaces } from '#lab/session';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { podWithClass, secretProviderClass } from '../test/support/manifests.ts';
import { makeCluster, podReady, startTestLab } from '../test/support/test-lab.ts';
import { summarize, row } from './figures.ts';

const READY_RUNS = 7;
const PODS = 20;

async function timeToReady(): Promise<void> {
  const times: number[] = [];
  for (let run = 0; run < READY_RUNS; run += 1) {
    const startedMs = systemClock.monotonic();
    const lab = await startTestLab();
    times.push(systemClock.monotonic() - startedMs);
    await lab[Symbol.asyncDispose]();
  }
  row('lab ready', summarize(times));
}

function demo(): void {
  const startedMs = systemClock.monotonic();
  const { status, stderr } = spawnSync(process.execPath, [join(packageRoot(), 'bin', 'keyferry'), 'demo'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the demo failed: ${stderr}`);
  row('npm run demo, built', `${((systemClock.monotonic() - startedMs) / 1000).toFixed(1)} s`);
}

async function podsThatShare(): Promise<void> {
  await using lab = await startTestLab();
  using cluster = await makeCluster(lab);
  const { client, issuer, tenantId } = cluster;
  const { clientId = '', principalId = '' } = JSON.parse(await lab.az('az identity create -g g -n shared')) as Record<
    string,
    string
  >;
  await lab.az(
    `az identity federated-credential create -g g --identity-name shared -n federated --issuer ${issuer} --subject system:serviceaccount:default:shared`,
  );
  await lab.az('az keyvault create -n kv-bench -g g');
  for (const name of ['One', 'Two']) await lab.az(`az keyvault secret set --vault-name kv-bench -n ${name} --value v`);
  await lab.az(`az keyvault set-policy -n kv-bench --object-id ${principalId} --secret-permissions get`);
  await client.create(RESOURCES.serviceaccounts, 'default', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'shared' },
  });
  const secrets = ['One', 'Two'];
  await client.create(
    SECRET_CLASS_RESOURCES.classes,
    'default',
    secretProviderClass({ name: 'shared', clientId, tenantId, vault: 'kv-bench', secrets }),
  );
  const before = (await lab.audit()).length;
  const startedMs = systemClock.monotonic();
  const names = Array.from({ length: PODS }, (_, index) => `p${index}`);
  await Promise.all(
    names.map((name) => client.create(RESOURCES.pods, 'default', podWithClass(name, 'shared', 'shared'))),
  );
  await Promise.all(names.map((name) => podReady(client, name)));
  const seconds = ((systemClock.monotonic() - startedMs) / 1000).toFixed(1);
  const requests = (await lab.audit()).slice(before);
  const count = (service: string) => requests.filter((record) => record.service === service).length;
  row(`${PODS} pods, one identity, two secrets: all ready`, `${seconds} s`);
  row('  requests to Entra ID', String(count('entra')));
  row('  requests to Key Vault', String(count('keyvault')));
}

/** Runs a script of this folder in namespaces of its own, with a folder that is deleted after it. */
function inNamespaces(name: string): void {
  const { command, args } = planNamespaces(process.getuid?.() ?? 0);
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-bench-'));
  const script = join(packageRoot(), 'bench', name);
  const { status } = spawnSync(command, [...args, process.execPath, '--import', 'tsx', script, folder], {
    stdio: 'inherit',
  });
  rmSync(folder, { recursive: true, force: true });
  if (status !== 0) throw new Error(`${name} failed: see above`);
}

console.log(`machine: ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`);
await timeToReady();
demo();
inNamespaces('publishes.ts');
if (process.getuid?.() === 0 && spawnSync('runc', ['--version']).status === 0) inNamespaces('image.ts');
else row('the node process in its image', 'skipped: needs root and runc');
await podsThatShare();
