// Objects that come and go in a vault, as a running pod sees them: files, events, the pod's status, the synced Secret.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES, type Event, type KubeObject } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { makeReader } from '../support/reader.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const VAULT = 'kv-optional';
const { classes: CLASSES, podStatuses: STATUSES } = SECRET_CLASS_RESOURCES;

const OBJECTS = `array:
  - {objectName: base, objectType: secret, jsonPath: $.user, objectAlias: user}
  - {objectName: later, objectType: secret, optional: true}
  - {objectType: secret, objectNamePattern: web-*, objectAlias: web, optional: true}
`;

let lab: TestLab;
let cluster: TestCluster;

beforeAll(async () => {
  lab = await startTestLab();
  cluster = await makeCluster(lab, '--enable-secret-rotation --rotation-poll-interval 24h');
  await lab.az(`az keyvault create -n ${VAULT} -g g`);
  await setSecret('base', '{"user":"ada"}');
  const { clientId } = await makeReader(lab, cluster, { vault: VAULT });
  await lab.az(`az keyvault set-policy -n ${VAULT} --spn ${clientId} --secret-permissions get list`);
  const made = secretProviderClass({
    name: 'shop',
    clientId,
    tenantId: cluster.tenantId,
    vault: VAULT,
    secrets: [],
    secretObjects: [
      {
        secretName: 'shop',
        type: 'Opaque',
        data: [
          { objectName: 'user', key: 'user' },
          { objectName: 'later', key: 'later' },
        ],
      },
    ],
  });
  const parameters = { ...made.spec.parameters, objects: OBJECTS };
  await cluster.client.create(CLASSES, 'default', { ...made, spec: { ...made.spec, parameters } });
  await cluster.client.create(RESOURCES.pods, 'default', podWithClass('app', 'reader', 'shop'));
  await podReady(cluster.client, 'app', 25_000);
}, 60_000);

afterAll(async () => {
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
});

const setSecret = (name: string, value: string) =>
  lab.az(`az keyvault secret set --vault-name ${VAULT} -n ${name} --value '${value}'`);

let refreshes = 0;
async function refresh(): Promise<void> {
  refreshes += 1;
  const body = { metadata: { annotations: { 'secrets-store.csi.k8s.io/refresh': String(refreshes) } } };
  await cluster.client.patch(CLASSES, { namespace: 'default', name: 'shop' }, { type: 'merge', body });
}

async function files(): Promise<string> {
  let seen = '';
  const onStdout = (chunk: Buffer) => {
    seen += chunk.toString('utf8');
  };
  const command = ['sh', '-c', 'cd /mnt/secrets-store && find -L . -type f -not -path "*/..*" | sort | tr "\\n" " "'];
  await cluster.client.exec({ namespace: 'default', name: 'app' }, { command, onStdout, onStderr: () => undefined });
  return seen.trim();
}

const hasFiles = (wanted: string) =>
  eventually(`the files ${wanted}`, async () => {
    const seen = await files();
    return seen === wanted ? { found: seen } : { seen };
  });

const hasKeys = (wanted: readonly string[]) =>
  eventually(`the keys ${wanted.join()} of the Secret`, async () => {
    const { data = {} } = await cluster.client.get<KubeObject & { readonly data?: object }>(RESOURCES.secrets, {
      namespace: 'default',
      name: 'shop',
    });
    const seen = Object.keys(data).toSorted();
    return seen.join() === wanted.join() ? { found: seen } : { seen: seen.join() };
  });

/** How often each reason was told of the pod, in the order of the reasons. */
async function told(): Promise<Record<string, number>> {
  const { items } = await cluster.client.list<Event>(RESOURCES.events, {
    namespace: 'default',
    fieldSelector: 'involvedObject.name=app',
  });
  const counts: Record<string, number> = {};
  for (const { reason = '', count = 1 } of items) {
    if (/^Optional|^MountRotation|^Failed/.test(reason)) counts[reason] = (counts[reason] ?? 0) + count;
  }
  return counts;
}

const statusVersions = async (): Promise<Record<string, string>> => {
  const { items } = await cluster.client.list<
    KubeObject & { readonly status: { readonly objects: readonly Version[] } }
  >(STATUSES, { namespace: 'default' });
  return Object.fromEntries(items.flatMap(({ status }) => status.objects.map(({ id, version }) => [id, version])));
};
interface Version {
  readonly id: string;
  readonly version: string;
}

describe('objects that a class can do without', () => {
  it('leave no files, and the pod starts, with an event for each', async () => {
    expect(await files()).toBe('./user');
    await hasKeys(['user']);
    expect(await told()).toEqual({ OptionalObjectMissing: 2 });
    expect(await statusVersions()).toMatchObject({ 'secret/later': 'absent', 'secret/web-*': 'absent' });
  });

  it('are there after the next refresh, in the Secret too', async () => {
    await setSecret('later', 'now');
    await setSecret('web-one', '1');
    await refresh();
    await hasFiles('./later ./user ./web/web-one');
    await hasKeys(['later', 'user']);
    expect(Object.keys(await statusVersions()).toSorted()).toEqual(['secret/base', 'secret/later', 'secret/web-one']);
  });

  it('go when they are disabled or deleted', async () => {
    await lab.az(`az keyvault secret set-attributes --vault-name ${VAULT} -n later --enabled false`);
    await lab.az(`az keyvault secret delete --vault-name ${VAULT} -n web-one`);
    await refresh();
    await hasFiles('./user');
    await hasKeys(['user']);
    await eventually('events of it', async () => {
      const seen = await told();
      return seen['OptionalObjectMissing'] === 4 && seen['MountRotationComplete'] === 2
        ? { found: seen }
        : { seen: JSON.stringify(seen) };
    });
    expect(await told()).not.toHaveProperty('FailedToCreateSecret');
  });
});
