import { gzipSync } from 'node:zlib';
import type { KubeObject, ResourceRef } from '#kube';

/** Who is to have installed upstream's objects. */
export type UpstreamOrigin = 'helm' | 'aks-addon' | 'manifest';

/** How upstream's programs are set. */
export interface UpstreamOptions {
  readonly origin: UpstreamOrigin;
  /** More arguments of the driver. */
  readonly driverArgs?: readonly string[];
  /** More arguments of the Azure provider. */
  readonly providerArgs?: readonly string[];
  readonly providerEnv?: readonly { readonly name: string; readonly value: string }[];
  readonly tokenRequests?: readonly { readonly audience: string; readonly expirationSeconds?: number }[];
  /** Whether the role for Secrets is there. */
  readonly syncSecret?: boolean;
  readonly kubeletRootDir?: string;
  /** More volumes of the provider, all paths of the node: name and path, mounted where they are. */
  readonly providerVolumes?: readonly { readonly name: string; readonly path: string }[];
  readonly tolerations?: readonly Readonly<Record<string, unknown>>[];
  readonly windows?: boolean;
  /** The name of the release and of its chart, where `helm` installed them. */
  readonly release?: string;
  readonly chart?: string;
  readonly releaseValues?: Readonly<Record<string, unknown>>;
}

/** The names of upstream's DaemonSets, of driver and provider, by who installed them. */
const NAMES = {
  helm: ['csi-secrets-store-provider-azure-secrets-store-csi-driver', 'csi-secrets-store-provider-azure'],
  'aks-addon': ['aks-secrets-store-csi-driver', 'aks-secrets-store-provider-azure'],
  manifest: ['csi-secrets-store', 'csi-secrets-store-provider-azure'],
} as const satisfies Record<UpstreamOrigin, readonly [string, string]>;

/** The release that the objects of `helm` belong to. */
export const RELEASE = {
  name: 'akv',
  namespace: 'kube-system',
  chart: 'csi-secrets-store-provider-azure',
  version: '1.8.2',
};

/** An object and where it lives. */
export interface Placed {
  readonly resource: ResourceRef;
  readonly object: KubeObject;
}

/** The objects by which upstream's driver 1.5.4 and its Azure provider 1.8.2 are installed, as far as an API server tells them. */
export function upstreamObjects(options: UpstreamOptions): Placed[] {
  const { origin, windows = false, syncSecret = true } = options;
  const [driver, provider] = NAMES[origin];
  const owned = ownerMarks(options);
  const role = (name: string) => ({
    resource: { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' },
    object: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name, ...owned },
      rules: [],
    },
  });
  return [
    daemonSet(driver, owned, driverPod(options)),
    daemonSet(provider, owned, providerPod(options)),
    ...(windows ? [daemonSet(`${driver}-windows`, owned, windowsPod())] : []),
    {
      resource: { group: 'storage.k8s.io', version: 'v1', resource: 'csidrivers' },
      object: {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSIDriver',
        metadata: { name: 'secrets-store.csi.k8s.io', ...owned },
        spec: {
          podInfoOnMount: true,
          attachRequired: false,
          volumeLifecycleModes: ['Ephemeral'],
          tokenRequests: options.tokenRequests ?? [
            { audience: 'api://AzureADTokenExchange' },
            { audience: 'api://AKSIdentityBinding' },
          ],
        },
      },
    },
    role('secretproviderclasses-role'),
    ...(syncSecret ? [role('secretprovidersyncing-role')] : []),
    ...(origin === 'helm' ? [releaseRecord(options)] : []),
  ];
}

function ownerMarks({ origin, release = RELEASE.name }: UpstreamOptions) {
  if (origin === 'aks-addon') {
    return {
      labels: { 'kubernetes.azure.com/managedby': 'aks', 'addonmanager.kubernetes.io/mode': 'Reconcile' },
      annotations: {},
    };
  }
  if (origin === 'manifest') return { labels: {}, annotations: {} };
  return {
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': release, 'meta.helm.sh/release-namespace': RELEASE.namespace },
  };
}

function daemonSet(name: string, marks: ReturnType<typeof ownerMarks>, pod: object): Placed {
  const labels = { app: name };
  return {
    resource: { group: 'apps', version: 'v1', resource: 'daemonsets' },
    object: {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: {
        name,
        namespace: 'kube-system',
        labels: { ...labels, ...marks.labels },
        annotations: marks.annotations,
      },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
    },
  };
}

function driverPod({
  driverArgs = [],
  kubeletRootDir: root = '/var/lib/kubelet',
  tolerations,
}: UpstreamOptions): object {
  return {
    serviceAccountName: 'secrets-store-csi-driver',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: tolerations ?? [{ operator: 'Exists' }],
    containers: [
      {
        name: 'node-driver-registrar',
        image: 'registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.13.0',
        args: ['--v=5', '--csi-address=/csi/csi.sock'],
      },
      {
        name: 'secrets-store',
        image: 'registry.k8s.io/csi-secrets-store/driver:v1.5.4',
        args: [
          '--endpoint=$(CSI_ENDPOINT)',
          '--nodeid=$(KUBE_NODE_NAME)',
          '--provider-volume=/var/run/secrets-store-csi-providers',
          '--additional-provider-volume-paths=/etc/kubernetes/secrets-store-csi-providers',
          ...driverArgs,
        ],
        env: [
          { name: 'CSI_ENDPOINT', value: 'unix:///csi/csi.sock' },
          { name: 'KUBE_NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        ],
        volumeMounts: [
          { name: 'plugin-dir', mountPath: '/csi' },
          { name: 'mountpoint-dir', mountPath: `${root}/pods` },
          { name: 'providers-dir', mountPath: '/var/run/secrets-store-csi-providers' },
          { name: 'providers-dir-0', mountPath: '/etc/kubernetes/secrets-store-csi-providers' },
        ],
      },
    ],
    volumes: [
      { name: 'mountpoint-dir', hostPath: { path: `${root}/pods` } },
      { name: 'plugin-dir', hostPath: { path: `${root}/plugins/csi-secrets-store/` } },
      { name: 'providers-dir', hostPath: { path: '/var/run/secrets-store-csi-providers' } },
      { name: 'providers-dir-0', hostPath: { path: '/etc/kubernetes/secrets-store-csi-providers' } },
    ],
  };
}

function providerPod({ providerArgs = [], providerEnv = [], providerVolumes = [] }: UpstreamOptions): object {
  return {
    hostNetwork: true,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    containers: [
      {
        name: 'provider-azure-installer',
        image: 'mcr.microsoft.com/oss/v2/azure/secrets-store/provider-azure:v1.8.2',
        args: ['--endpoint=unix:///provider/azure.sock', '--construct-pem-chain=true', ...providerArgs],
        env: providerEnv,
        volumeMounts: [
          { name: 'provider-vol', mountPath: '/provider' },
          ...providerVolumes.map(({ name, path }) => ({ name, mountPath: path })),
        ],
      },
    ],
    volumes: [
      { name: 'provider-vol', hostPath: { path: '/etc/kubernetes/secrets-store-csi-providers' } },
      ...providerVolumes.map(({ name, path }) => ({ name, hostPath: { path } })),
    ],
  };
}

function windowsPod(): object {
  return {
    nodeSelector: { 'kubernetes.io/os': 'windows' },
    containers: [{ name: 'secrets-store', image: 'registry.k8s.io/csi-secrets-store/driver:v1.5.4', args: [] }],
    volumes: [{ name: 'plugin-dir', hostPath: { path: String.raw`C:\var\lib\kubelet\plugins\csi-secrets-store` } }],
  };
}

/** A release as Helm keeps it: JSON, gzipped, base64, and base64 again as a Secret's data. */
export function releaseRecord({
  release: name = RELEASE.name,
  chart = RELEASE.chart,
  releaseValues: values = {},
}: Pick<UpstreamOptions, 'release' | 'chart' | 'releaseValues'> = {}): Placed {
  const { namespace, version } = RELEASE;
  const record = { name, namespace, version: 1, chart: { metadata: { name: chart, version } }, config: values };
  const packed = gzipSync(JSON.stringify(record)).toString('base64');
  return {
    resource: { group: '', version: 'v1', resource: 'secrets' },
    object: {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'helm.sh/release.v1',
      metadata: {
        name: `sh.helm.release.v1.${name}.v1`,
        namespace,
        labels: { owner: 'helm', status: 'deployed', name },
      },
      data: { release: Buffer.from(packed).toString('base64') },
    },
  };
}

/** A class as a person writes it. */
export function secretClass(
  name: string,
  objects: string,
  more: { readonly parameters?: Readonly<Record<string, string>>; readonly secretObjects?: readonly unknown[] } = {},
): Placed {
  return {
    resource: { group: 'secrets-store.csi.x-k8s.io', version: 'v1', resource: 'secretproviderclasses' },
    object: {
      apiVersion: 'secrets-store.csi.x-k8s.io/v1',
      kind: 'SecretProviderClass',
      metadata: { name, namespace: 'shop' },
      spec: {
        provider: 'azure',
        parameters: {
          keyvaultName: 'shop-kv',
          tenantID: '00000000-1111-2222-3333-444444444444',
          clientID: '11111111-2222-3333-4444-555555555555',
          objects,
          ...more.parameters,
        },
        ...(more.secretObjects !== undefined && { secretObjects: more.secretObjects }),
      },
    },
  };
}

/** A running pod that mounts a class. */
export function podWith(className: string, name = `uses-${className}`): Placed {
  return {
    resource: { group: '', version: 'v1', resource: 'pods' },
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'shop' },
      spec: {
        containers: [{ name: 'main', image: 'busybox', command: ['sleep', '3600'] }],
        volumes: [
          {
            name: 'secrets',
            csi: {
              driver: 'secrets-store.csi.k8s.io',
              readOnly: true,
              volumeAttributes: { secretProviderClass: className },
            },
          },
        ],
      },
      status: { phase: 'Running' },
    },
  };
}
