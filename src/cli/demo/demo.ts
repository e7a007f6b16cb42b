import { KeyferryError, systemClock } from '#base';
import { createKubeClient, loadKubeconfig, RESOURCES, type KubeClient, type SecretObject } from '#kube';
import type { AuditRecord } from '#lab/cloud';
import { labEnvironment, packageRoot, type Trace } from '#lab/session';
import type { UsableLab } from '../lab/access.ts';
import type { Terminal } from '../terminal.ts';
import { createAzure, type Azure } from './azure.ts';
import { applyExample } from './manifests.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { outputOf, waitForReady } from './pods.ts';
import { tellWay } from './way.ts';

const GROUP = 'greetings';
const CLUSTER = 'greetings-cluster';
const IDENTITY = 'greetings-reader';
const VAULT = 'kv-greetings';
const VALUE = 'Hello from Key Vault';
const SUBJECT = 'system:serviceaccount:default:reader';
const WAY_KNOWN_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;
const POD_READY_WITHIN_MS = 30_000;

interface Stage {
  readonly az: Azure;
  readonly tell: Narrator;
  readonly signal: AbortSignal;
  /** The requests to the emulated Azure since the last call. */
  newRequests(): Promise<AuditRecord[]>;
  /** The way of the secrets of a pod of the default namespace. */
  trace(pod: string): Promise<Trace>;
}

/** Walks a secret from Key Vault into pods in a lab that has just started, and tells what happens. */
export async function playDemo(lab: UsableLab, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const env = labEnvironment({
    folder: lab.folder,
    gatewayPort: lab.status.gateway.port,
    path: terminal.env['PATH'],
    builtinAz: true,
    keepHome: false,
  });
  let seen = 0;
  const stage: Stage = {
    az: createAzure(env, signal),
    tell: createNarrator(terminal),
    signal,
    async newRequests() {
      const records: AuditRecord[] = [];
      for await (const record of lab.control.audit({ follow: false })) records.push(record);
      const fresh = records.slice(seen);
      seen = records.length;
      return fresh;
    },
    trace: (pod) => lab.control.trace({ pod, namespace: 'default' }),
  };
  tellLab(stage.tell, lab);
  const issuer = await makeCluster(stage);
  using client = createKubeClient({ config: loadKubeconfig(lab.folder.kubeconfig, systemClock), clock: systemClock });
  const clientId = await makeIdentity(stage, client, issuer);
  const version = await makeVault(stage, clientId);
  const tenantId = await stage.az.run('az account show --query tenantId -o tsv');
  const values = { CLIENT_ID: clientId, TENANT_ID: tenantId, VAULT, VERSION: version };
  await mountAsFile(stage, client, values);
  await mountAsVariable(stage, client, values);
}

function tellLab(tell: Narrator, lab: UsableLab): void {
  tell.step('A lab: the Azure side and a place for a cluster, on this machine alone');
  tell.facts({
    gateway: `${lab.status.gateway.proxyUrl}, an HTTPS proxy that answers for login.microsoftonline.com, management.azure.com, *.vault.azure.net, …`,
    tenant: lab.status.tenantId,
    subscription: lab.status.subscriptionId,
  });
}

async function makeCluster({ az, tell, newRequests }: Stage): Promise<string> {
  tell.step('A cluster with an OIDC issuer, workload identity and the secrets provider');
  for (const command of [
    `az group create -g ${GROUP} -l eastus`,
    `az aks create -g ${GROUP} -n ${CLUSTER} --node-count 1 --enable-oidc-issuer --enable-workload-identity --enable-addons azure-keyvault-secrets-provider --generate-ssh-keys`,
    `az aks get-credentials -g ${GROUP} -n ${CLUSTER}`,
  ]) {
    tell.command(command);
    await az.run(command);
  }
  tell.requests((await newRequests()).filter(({ service }) => service === 'arm'));
  tell.say(
    'An API server, controllers and a kubelet have started; `keyferry node` registers with the kubelet over its socket.',
  );
  const show = `az aks show -g ${GROUP} -n ${CLUSTER} --query oidcIssuerProfile.issuerUrl -o tsv`;
  tell.command(show);
  const issuer = await az.run(show);
  tell.facts({ issuer });
  await newRequests();
  return issuer;
}

async function makeIdentity({ az, tell, newRequests }: Stage, client: KubeClient, issuer: string): Promise<string> {
  tell.step('An identity, and whose tokens stand for it');
  const create = `az identity create -g ${GROUP} -n ${IDENTITY}`;
  tell.command(create);
  await az.run(create);
  const clientId = await az.run(`az identity show -g ${GROUP} -n ${IDENTITY} --query clientId -o tsv`);
  tell.facts({ 'client id': clientId });
  tell.command('kubectl apply -f examples/file-and-env/manifests/service-account.yaml');
  await applyExample(client, 'file-and-env/manifests/service-account.yaml', { CLIENT_ID: clientId });
  const federate = `az identity federated-credential create -g ${GROUP} --identity-name ${IDENTITY} -n reader --issuer ${issuer} --subject ${SUBJECT}`;
  tell.command(federate);
  await az.run(federate);
  tell.say('From now on Entra ID trusts this issuer for this one subject and the audience api://AzureADTokenExchange.');
  tell.requests((await newRequests()).filter(({ service, method }) => service === 'arm' && method === 'PUT'));
  return clientId;
}

async function makeVault({ az, tell, newRequests }: Stage, clientId: string): Promise<string> {
  tell.step('A vault, a secret, and who may read it');
  for (const command of [
    `az keyvault create -n ${VAULT} -g ${GROUP} -l eastus`,
    `az keyvault secret set --vault-name ${VAULT} -n Greeting --value '${VALUE}'`,
    `az keyvault set-policy -n ${VAULT} -g ${GROUP} --secret-permissions get --spn ${clientId}`,
  ]) {
    tell.command(command);
    await az.run(command);
  }
  const show = `az keyvault secret show --vault-name ${VAULT} -n Greeting --query id -o tsv`;
  tell.command(show);
  const id = await az.run(show);
  const version = id.slice(id.lastIndexOf('/') + 1);
  tell.facts({ version });
  tell.requests((await newRequests()).filter(({ service, status }) => service === 'keyvault' && status === 200));
  return version;
}

async function mountAsFile(stage: Stage, client: KubeClient, values: Readonly<Record<string, string>>): Promise<void> {
  const { tell, newRequests } = stage;
  tell.step('A pod that mounts the secret as a file');
  await startPod(stage, client, 'file-and-env/manifests/file.yaml', 'reads-a-file', values);
  tellWay(tell, await wayOf(stage, 'reads-a-file'), await newRequests());
  const command = ['cat', '/mnt/secrets-store/Greeting'];
  await expectValue(stage, client, 'reads-a-file', command, 'the file holds');
}

async function mountAsVariable(
  stage: Stage,
  client: KubeClient,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const { tell, newRequests } = stage;
  tell.step('A pod that has it as a file, and by a Kubernetes Secret as an environment variable');
  await startPod(stage, client, 'file-and-env/manifests/env.yaml', 'reads-a-variable', values);
  tellWay(tell, await wayOf(stage, 'reads-a-variable'), await newRequests());
  tell.command("kubectl get secret greeting -o jsonpath='{.data.text}' | base64 --decode");
  const secret = await client.get<SecretObject>(RESOURCES.secrets, { namespace: 'default', name: 'greeting' });
  const text = Buffer.from(secret.data?.['text'] ?? '', 'base64').toString('utf8');
  requireValue('the Secret holds', text, tell);
  await expectValue(stage, client, 'reads-a-variable', ['/bin/sh', '-c', 'echo $GREETING'], 'the variable holds');
}

/** The trace of a pod that is ready: the driver's log may come a moment after it. */
async function wayOf({ tell, trace, signal }: Stage, pod: string): Promise<Trace> {
  tell.command(`keyferry lab trace ${pod}`);
  const endMs = systemClock.monotonic() + WAY_KNOWN_WITHIN_MS;
  for (;;) {
    const found = await trace(pod);
    if (found.volumes.every(({ attempts }) => attempts.length > 0)) return found;
    if (systemClock.monotonic() > endMs) throw new KeyferryError('internal', `nothing is known of the way of ${pod}`);
    await systemClock.sleep(LOOK_EVERY_MS, { signal });
  }
}

async function startPod(
  { tell, signal }: Stage,
  client: KubeClient,
  file: string,
  pod: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  tell.command(`kubectl apply -f examples/${file}`);
  await applyExample(client, file, values);
  tell.command(`kubectl wait --for=condition=Ready pod/${pod}`);
  const startedMs = systemClock.monotonic();
  await waitForReady(client, pod, { clock: systemClock, timeoutMs: POD_READY_WITHIN_MS, signal });
  tell.say(`ready after ${Math.round(systemClock.monotonic() - startedMs)} ms`);
}

async function expectValue(
  { tell }: Stage,
  client: KubeClient,
  pod: string,
  command: readonly string[],
  what: string,
): Promise<void> {
  tell.command(`kubectl exec ${pod} -- ${command.map((word) => (word.includes(' ') ? `'${word}'` : word)).join(' ')}`);
  requireValue(what, await outputOf(client, pod, command), tell);
}

function requireValue(what: string, found: string, tell: Narrator): void {
  if (found !== VALUE) throw new KeyferryError('internal', `${what} something else than the secret's value`);
  tell.good(`${what} “${found}”`);
}

/** Where the demo's manifests are, for a person to read on. */
export function demoSource(): string {
  return `${packageRoot()}/examples/file-and-env`;
}
