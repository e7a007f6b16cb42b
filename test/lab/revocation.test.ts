import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES, type Event, type Pod } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  warnings,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const VAULT = 'kv-revocation';
/** The default of --freshness-window. */
const WINDOW_MS = 30_000;

let lab: TestLab;
let cluster: TestCluster;
let clientId: string;

beforeAll(async () => {
  lab = await startTestLab();
  cluster = await makeCluster(lab);
  await lab.az(`az keyvault create -n ${VAULT} -g g`);
  await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Fine --value v`);
  const identity = JSON.parse(await lab.az('az identity create -g g -n reader')) as Record<string, string>;
  clientId = identity['clientId'] ?? '';
  await lab.az(
    `az keyvault set-policy -n ${VAULT} --object-id ${identity['principalId'] ?? ''} --secret-permissions get`,
  );
  for (const namespace of ['default', 'stranger']) {
    if (namespace !== 'default') {
      await cluster.client.create(RESOURCES.namespaces, undefined, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace },
      });
    }
    for (const name of ['reader', 'other']) {
      await cluster.client.create(RESOURCES.serviceaccounts, namespace, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name },
      });
    }
    const copied = secretProviderClass({
      name: 'reader',
      clientId,
      tenantId: cluster.tenantId,
      vault: VAULT,
      secrets: ['Fine'],
    });
    await cluster.client.create(SECRET_CLASS_RESOURCES.classes, namespace, {
      ...copied,
      metadata: { name: 'reader', namespace },
    });
  }
}, 60_000);
afterAll(async () => {
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
});

const federate = () =>
  lab.az(
    `az identity federated-credential create -g g --identity-name reader -n federated --issuer ${cluster.issuer} --subject system:serviceaccount:default:reader --audiences api://AzureADTokenExchange`,
  );
const createPod = (name: string, serviceAccount = 'reader', namespace = 'default') => {
  const pod = podWithClass(name, serviceAccount, 'reader');
  return cluster.client.create(RESOURCES.pods, namespace, { ...pod, metadata: { ...pod.metadata, namespace } });
};

/** Waits for a FailedMount event of the pod that matches; answers its text. */
const refusal = (pod: string, says: RegExp, namespace = 'default') =>
  eventually(`${namespace}/${pod}: an event that says ${String(says)}`, async () => {
    const { items } = await cluster.client.list<Event>(RESOURCES.events, {
      namespace,
      fieldSelector: `involvedObject.name=${pod}`,
    });
    const texts = items.map(({ reason, message }) => `${reason}: ${message}`);
    const found = texts.find((text) => text.startsWith('FailedMount: ') && says.test(text));
    return found === undefined ? { seen: texts.join('\n') } : { found };
  });

const isRunning = async (pod: string, namespace = 'default') => {
  const { status } = await cluster.client.get<Pod>(RESOURCES.pods, { namespace, name: pod });
  return status?.phase === 'Running';
};

describe('within the freshness window of somebody else’s mount', () => {
  beforeAll(async () => {
    await federate();
    await createPod('rightful');
    await podReady(cluster.client, 'rightful');
  }, 60_000);

  it.each([
    ['of another service account', 'thief-account', 'other', 'default'],
    ['of another namespace, with the same service account name', 'thief-namespace', 'reader', 'stranger'],
  ])('a pod %s gets nothing by a copied class', async (_name, pod, account, namespace) => {
    await createPod(pod, account, namespace);
    const text = await refusal(pod, /AADSTS700213: /, namespace);
    expect(text).toContain(`'system:serviceaccount:${namespace}:${account}'`);
    expect(await isRunning(pod, namespace)).toBe(false);
  });

  it('a pod gets nothing by attributes that only kubelet may give', async () => {
    const pod = podWithClass('thief-attributes', 'other', 'reader');
    const [volume] = pod.spec.volumes;
    Object.assign(volume?.csi.volumeAttributes ?? {}, {
      'csi.storage.k8s.io/serviceAccount.name': 'reader',
      'csi.storage.k8s.io/pod.namespace': 'default',
      'csi.storage.k8s.io/serviceAccount.tokens': '{"api://AzureADTokenExchange":{"token":"none"}}',
    });
    await cluster.client.create(RESOURCES.pods, 'default', pod);
    expect(await refusal('thief-attributes', /AADSTS700213: /)).toContain(`'system:serviceaccount:default:other'`);
    expect(await isRunning('thief-attributes')).toBe(false);
  });

  it('the refused pod’s own text is one event with a count, however often it is tried', async () => {
    await eventually('a second try of thief-account', async () => {
      const { items } = await cluster.client.list<Event>(RESOURCES.events, {
        namespace: 'default',
        fieldSelector: 'involvedObject.name=thief-account,reason=FailedMount',
      });
      const counts = items.map(({ count }) => count);
      expect(counts.length).toBeLessThanOrEqual(1);
      return (counts[0] ?? 0) >= 2 ? { found: true } : { seen: JSON.stringify(counts) };
    });
  });
});

describe('a federated credential that is taken away', () => {
  it('stops pods that are created after the freshness window, and lets them start once it is back', async () => {
    await createPod('before');
    await podReady(cluster.client, 'before');
    await lab.az('az identity federated-credential delete -g g --identity-name reader -n federated --yes');
    // What the last exchange proved counts for the window since then.
    await lab.lab.control.clock.advance(WINDOW_MS);

    await createPod('after');
    await refusal('after', /AADSTS70025: .*no configured federated identity credentials/);
    expect(await isRunning('after')).toBe(false);
    expect(await isRunning('before')).toBe(true);

    await federate();
    const pod = await podReady(cluster.client, 'after');
    expect(pod.status?.phase).toBe('Running');
    expect(await warnings(cluster.client, 'before')).toEqual([]);
  }, 60_000);
});
