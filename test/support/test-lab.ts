import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '#base';
import { createKubeClient, loadKubeconfig, RESOURCES, type Event, type KubeClient, type Pod } from '#kube';
import type { AuditRecord } from '#lab/cloud';
import { captureAz, labEnvironment, launchLab, stateFolder, type LaunchedLab, type StateFolder } from '#lab/session';

/**
 * A lab for a test: the real daemon from dist/ in namespaces of its own, on a state folder that goes with it. `npm test`
 * builds dist/ first; a single test run by hand needs `npm run build` after a change.
 */
export interface TestLab extends AsyncDisposable {
  readonly folder: StateFolder;
  readonly lab: LaunchedLab;
  readonly env: Record<string, string>;
  /** {@link azOutput} in this lab. */
  az(command: string): Promise<string>;
  audit(): Promise<AuditRecord[]>;
}

/** Starts a {@link TestLab}; with `root` on a state folder that was there before and stays. */
export async function startTestLab({ root }: { readonly root?: string } = {}): Promise<TestLab> {
  const folder = stateFolder(root ?? mkdtempSync(join(tmpdir(), 'keyferry-lab-')));
  const lab = await launchLab({
    folder,
    ephemeral: root === undefined,
    allowInternet: false,
    detached: false,
    env: process.env,
    clock: systemClock,
  });
  const env = labEnvironment({
    folder,
    gatewayPort: lab.gatewayPort,
    path: process.env['PATH'],
    builtinAz: true,
    keepHome: false,
  });
  return {
    folder,
    lab,
    env,
    az: (command) => azOutput(command, env),
    async audit() {
      const records: AuditRecord[] = [];
      for await (const record of lab.control.audit({ follow: false })) records.push(record);
      return records;
    },
    async [Symbol.asyncDispose]() {
      await lab.stop();
      if (root === undefined) await rm(folder.root, { recursive: true, force: true });
    },
  };
}

/** What a command of the az stand-in prints in a lab's environment, without the line end. Throws when it fails. */
export async function azOutput(command: string, env: Readonly<Record<string, string>>): Promise<string> {
  const words = command.replace(/^az /, '');
  const { code, stdout, stderr } = await captureAz(words, { env, clock: systemClock, random: systemRandom });
  if (code !== 0) throw new Error(`${command} exited with ${code}: ${stderr.trim()}`);
  return stdout.trim();
}

/** What a test gets from {@link makeCluster}. */
export interface TestCluster extends Disposable {
  readonly client: KubeClient;
  readonly issuer: string;
  readonly tenantId: string;
}

const ADD_ON = '--enable-addons azure-keyvault-secrets-provider';

/**
 * A resource group `g` and a cluster `c` with the OIDC issuer, workload identity and `addOn` (default: the one with the node
 * driver; empty: none); `more` are further options.
 */
export async function makeCluster(lab: TestLab, more = '', addOn = ADD_ON): Promise<TestCluster> {
  await lab.az('az group create -g g -l eastus');
  await lab.az(
    `az aks create -g g -n c --enable-oidc-issuer --enable-workload-identity ${addOn} --generate-ssh-keys ${more}`.trimEnd(),
  );
  await lab.az('az aks get-credentials -g g -n c');
  const client = createKubeClient({ config: loadKubeconfig(lab.folder.kubeconfig, systemClock), clock: systemClock });
  return {
    client,
    issuer: await lab.az('az aks show -g g -n c --query oidcIssuerProfile.issuerUrl -o tsv'),
    tenantId: await lab.az('az account show --query tenantId -o tsv'),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

/** Looks every 100 ms until `look` answers something; throws with `what` and the last look's text after `timeoutMs`. */
export async function eventually<T>(
  what: string,
  look: () => Promise<{ readonly found: T } | { readonly seen: string }>,
  timeoutMs = 60_000,
): Promise<T> {
  const endMs = systemClock.monotonic() + timeoutMs;
  for (;;) {
    const result = await look();
    if ('found' in result) return result.found;
    if (systemClock.monotonic() > endMs)
      throw new Error(`${what}: not after ${timeoutMs} ms; last seen: ${result.seen}`);
    await systemClock.sleep(100);
  }
}

/** Waits until the pod of the default namespace is ready. */
export function podReady(client: KubeClient, name: string, timeoutMs?: number): Promise<Pod> {
  return eventually(
    `pod ${name} ready`,
    async () => {
      const pod = await client.get<Pod>(RESOURCES.pods, { namespace: 'default', name });
      const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
      return ready
        ? { found: pod }
        : { seen: `${JSON.stringify(pod.status)}\n${(await warnings(client, name)).join('\n')}` };
    },
    timeoutMs,
  );
}

/** The texts of a pod's warning events. */
export async function warnings(client: KubeClient, pod: string): Promise<string[]> {
  const events = await client.list<Event>(RESOURCES.events, {
    namespace: 'default',
    fieldSelector: `involvedObject.name=${pod}`,
  });
  return events.items.filter(({ type }) => type === 'Warning').map(({ reason, message }) => `${reason}: ${message}`);
}
