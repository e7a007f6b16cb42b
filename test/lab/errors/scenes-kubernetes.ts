import { RESOURCES } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { podWithClass } from '../../support/manifests.ts';
import { eventually, warnings } from '../../support/test-lab.ts';
import type { KUBERNETES_CAUSES } from './causes-kubernetes.ts';
import { withFault } from './scene-fault.ts';
import type { Draft, Scene, Scenes, Stage } from './scene.ts';

const ADDON = 'azure-keyvault-secrets-provider';
const RIGHT = [{ objectName: 'Fine', key: 'KEY' }];

/** How each of {@link KUBERNETES_CAUSES} is made and mended. */
export const KUBERNETES_SCENES: Scenes<(typeof KUBERNETES_CAUSES)[number]['id']> = {
  'driver-missing': {
    break: ({ lab }) => lab.az(`az aks disable-addons -g g -n c -a ${ADDON}`),
    values: () => ({ driver: 'secrets-store.csi.k8s.io' }),
    mend: ({ lab }) => lab.az(`az aks enable-addons -g g -n c -a ${ADDON}`),
    alone: true,
  },
  'read-only-missing': {
    pod: (draft) => withVolume(draft, { readOnly: undefined }),
    mend: (stage) => replacePod(stage),
  },
  'class-not-named': {
    pod: (draft, { name }) => withVolume(draft, { volumeAttributes: { secretproviderclass: name } }),
    mend: (stage) => replacePod(stage),
  },
  'publish-secret-missing': {
    pod: (draft) => withVolume(draft, { nodePublishSecretRef: { name: 'credentials-of-none' } }),
    values: ({ namespace }) => ({ namespace, secret: 'credentials-of-none' }),
    mend: ({ cluster, namespace }) =>
      cluster.client.create(RESOURCES.secrets, namespace, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'credentials-of-none' },
      }),
  },
  // Only for the class, so that the test still sees the pod's events.
  'api-server-away': withFault(() => ({
    cluster: 'c',
    path: '/apis/secrets-store.csi.x-k8s.io',
    effect: { kind: 'reset' },
  })),
  'sync-object-not-mounted': {
    ...withSecret({ type: 'Opaque', data: [{ objectName: 'Fin', key: 'KEY' }] }),
    values: () => ({ file: 'Fin' }),
  },
  'sync-key-illegal': {
    ...withSecret({ type: 'Opaque', data: [{ objectName: 'Fine', key: 'THE KEY' }] }),
    values: () => ({ n: '0', key: 'THE KEY' }),
  },
  'sync-key-of-type-missing': {
    ...withSecret({ type: 'kubernetes.io/dockerconfigjson', data: [{ objectName: 'Fine', key: 'KEY' }] }),
    values: () => ({ type: 'kubernetes.io/dockerconfigjson', key: '.dockerconfigjson' }),
  },
  'sync-tls-without-certificate': {
    ...withSecret({
      type: 'kubernetes.io/tls',
      data: ['tls.crt', 'tls.key'].map((key) => ({ objectName: 'Fine', key })),
    }),
    values: () => ({ file: 'Fine', reason: 'it holds neither PEM nor PKCS#12' }),
  },
  'sync-secret-of-others': {
    ...withSecret({ type: 'Opaque', data: RIGHT }),
    break: ({ cluster, namespace, name }) =>
      cluster.client.create(RESOURCES.secrets, namespace, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name },
        data: { other: 'b3RoZXI=' },
      }),
    values: ({ namespace, name }) => ({ namespace, secret: name }),
    mend: ({ cluster, namespace, name }) =>
      cluster.client.patch(
        RESOURCES.secrets,
        { namespace, name },
        { type: 'merge', body: { metadata: { annotations: { 'secrets-store.csi.k8s.io/adopt': 'true' } } } },
      ),
  },
  'sync-secret-other-type': {
    ...withSecret({ type: 'Opaque', data: RIGHT }),
    break: (stage) => createAdoptable(stage, { type: 'example.com/other' }),
    values: ({ namespace, name }) => ({
      namespace,
      secret: name,
      type: 'example.com/other',
      'wanted type': 'Opaque',
    }),
    mend: deleteSecret,
  },
  'sync-secret-immutable': {
    ...withSecret({ type: 'Opaque', data: RIGHT }),
    break: (stage) => createAdoptable(stage, { type: 'Opaque', immutable: true }),
    values: ({ namespace, name }) => ({ namespace, secret: name }),
    mend: deleteSecret,
  },
  'env-secret-missing': {
    pod: withVariable('KEY'),
    seen: warningsOf('Failed'),
    values: ({ name }) => ({ secret: name }),
    mend: async (stage) => {
      await setSecretObjects(stage, { type: 'Opaque', data: RIGHT });
      await replacePod(stage, withVariable('KEY'));
    },
  },
  'env-key-missing': {
    ...withSecret({ type: 'Opaque', data: RIGHT }),
    pod: withVariable('Fine'),
    seen: warningsOf('Failed'),
    values: ({ namespace, name }) => ({ namespace, secret: name, key: 'Fine' }),
    mend: (stage) => replacePod(stage, withVariable('KEY')),
  },
};

/** A Secret of the scene's name that is handed over to the driver. */
function createAdoptable({ cluster, namespace, name }: Stage, fields: object): Promise<unknown> {
  const annotations = { 'secrets-store.csi.k8s.io/adopt': 'true' };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name, annotations }, data: { other: 'b3RoZXI=' } };
  return cluster.client.create(RESOURCES.secrets, namespace, { ...secret, ...fields });
}

function deleteSecret({ cluster, namespace, name }: Stage): Promise<unknown> {
  return cluster.client.delete(RESOURCES.secrets, { namespace, name });
}

type PodEdit = NonNullable<Scene['pod']>;

interface SecretAsked {
  readonly type: string;
  readonly data: readonly { readonly objectName: string; readonly key: string }[];
}

/** The class asks for such a Secret of the scene's name, and the container takes a variable from its key `KEY`. */
function withSecret(asked: SecretAsked): Pick<Scene, 'class' | 'pod' | 'seen' | 'mend'> {
  return {
    class: (draft, { name }) => ({
      ...draft,
      spec: { ...draft.spec, secretObjects: [{ secretName: name, ...asked }] },
    }),
    pod: withVariable('KEY'),
    seen: warningsOf('FailedToCreateSecret'),
    mend: (stage) => setSecretObjects(stage, { type: 'Opaque', data: RIGHT }),
  };
}

function setSecretObjects({ cluster, namespace, name }: Stage, asked: SecretAsked): Promise<unknown> {
  const secretObjects = [{ secretName: name, ...asked }];
  return cluster.client.patch(
    SECRET_CLASS_RESOURCES.classes,
    { namespace, name },
    { type: 'merge', body: { spec: { secretObjects } } },
  );
}

function withVariable(key: string): PodEdit {
  return (draft, { name }) => {
    const env = [{ name: 'VALUE', valueFrom: { secretKeyRef: { name, key } } }];
    const containers = draft.spec['containers'] as readonly object[];
    return { ...draft, spec: { ...draft.spec, containers: containers.map((one) => ({ ...one, env })) } };
  };
}

function withVolume(draft: Draft, change: object): Draft {
  const volumes = draft.spec['volumes'] as readonly { readonly csi: object }[];
  const changed = volumes.map((volume) => ({ ...volume, csi: { ...volume.csi, ...change } }));
  return { ...draft, spec: { ...draft.spec, volumes: changed } };
}

function warningsOf(reason: string): NonNullable<Scene['seen']> {
  return async ({ cluster, name }) =>
    (await warnings(cluster.client, name)).filter((text) => text.startsWith(`${reason}: `));
}

/** What a person does who cannot change a pod: deletes it, and creates it as it should be. */
async function replacePod(stage: Stage, edit: PodEdit = (draft) => draft): Promise<void> {
  const { cluster, namespace, name } = stage;
  const { client } = cluster;
  await client.delete(RESOURCES.pods, { namespace, name });
  await eventually(`pod ${name} gone`, async () => {
    const { items } = await client.list(RESOURCES.pods, { namespace, fieldSelector: `metadata.name=${name}` });
    return items.length === 0 ? { found: true } : { seen: 'it is there' };
  });
  await client.create(RESOURCES.pods, namespace, edit(podWithClass(name, name, name), stage));
}
