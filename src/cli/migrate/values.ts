import type { Scene } from './checks/check.ts';
import { asksOnTheNode } from './checks/node-network.ts';
import { AUDIENCES } from './checks/token-requests.ts';
import { SYNC_ROLE } from './checks/secret-sync.ts';
import { hostPaths, PROVIDER_FOLDERS, providerFolders, type Component } from './cluster/components.ts';
import { isOn } from './cluster/go-flags.ts';
import type { ClusterView } from './cluster/read-cluster.ts';

/** Values of the chart, as they stand in its values file. */
export type ChartValues = { [key: string]: unknown };

const DEFAULT_ROOT = '/var/lib/kubelet';

/** Flags of upstream's programs, the value of the chart that each becomes, and that value's default, of whose kind it is. */
export const VALUE_OF_FLAG = {
  'rotation-poll-interval': { path: 'rotationPollInterval', default: '2m' },
  'metrics-addr': { path: 'linux.metricsAddr', default: ':8095' },
  'max-call-recv-msg-size': { path: 'maxCallRecvMsgSize', default: 4_194_304 },
  'provider-health-check': { path: 'providerHealthCheck', default: false },
  'provider-health-check-interval': { path: 'providerHealthCheckInterval', default: '2m' },
  'construct-pem-chain': { path: 'constructPEMChain', default: true },
  'write-cert-and-key-in-separate-files': { path: 'writeCertAndKeyInSeparateFiles', default: false },
  'custom-user-agent': { path: 'linux.customUserAgent', default: '' },
  'cloud-name': { path: 'azure.cloudName', default: 'AzurePublicCloud' },
  'token-proxy-url': { path: 'azure.tokenProxyUrl', default: '' },
  'sni-name': { path: 'azure.sniName', default: '' },
} as const satisfies Readonly<Record<string, { path: string; default: string | number | boolean }>>;

/**
 * The values with which Keyferry's chart does what the cluster has today, read from the running DaemonSets, which are what
 * counts, whoever installed them, and from the classes. Only what differs from the chart's defaults is in it, and nothing that may be a secret.
 */
export function planValues({ cluster, classes }: Pick<Scene, 'cluster' | 'classes'>): ChartValues {
  const values: ChartValues = {};
  const linux = cluster.components.filter(({ os }) => os === 'linux');
  const driver = linux.find(({ role }) => role === 'driver');
  const provider = linux.find(({ role }) => role === 'azure-provider');
  for (const component of [driver, provider]) if (component !== undefined) addFlags(values, component);
  if (driver !== undefined) {
    if (!isOn(driver.flags, 'enable-secret-rotation')) {
      set(values, 'enableSecretRotation', false);
      delete values['rotationPollInterval'];
    }
    addPlaces(values, driver);
    addPods(values, driver);
  }
  // What may not be seen is not told to be off.
  if (cluster.roles?.some(({ metadata }) => metadata.name === SYNC_ROLE) === false) {
    set(values, 'syncSecret.enabled', false);
  }
  addTokenRequests(values, cluster);
  if (classes.some((each) => asksOnTheNode(each).length > 0)) set(values, 'hostNetwork', true);
  return values;
}

function addFlags(values: ChartValues, { flags }: Component): void {
  for (const [name, { path, default: usual }] of Object.entries(VALUE_OF_FLAG)) {
    const text = flags.get(name);
    if (text === undefined || text.includes('$(')) continue;
    const value = typeof usual === 'boolean' ? isOn(flags, name) : typeof usual === 'number' ? Number(text) : text;
    if (value !== usual && !Number.isNaN(value)) set(values, path, value);
  }
}

function addPlaces(values: ChartValues, { flags, daemonSet }: Component): void {
  const pods = [...hostPaths(daemonSet).values()].find((path) => /\/pods\/?$/.test(path));
  const root = pods?.replace(/\/pods\/?$/, '');
  if (root !== undefined && root !== DEFAULT_ROOT) set(values, 'linux.kubeletRootDir', root);
  const folders = [...new Set(providerFolders(flags))];
  const known: readonly string[] = PROVIDER_FOLDERS;
  const others = folders.filter((folder) => !known.includes(folder));
  if (others.length > 0) set(values, 'linux.additionalProvidersDirs', [...others, PROVIDER_FOLDERS[0]]);
}

function addPods(values: ChartValues, { daemonSet }: Component): void {
  const { nodeSelector, tolerations, priorityClassName } = daemonSet.spec.template.spec;
  const labels = Object.entries(nodeSelector ?? {}).filter(([label]) => !/^(beta\.)?kubernetes\.io\/os$/.test(label));
  if (labels.length > 0) set(values, 'linux.nodeSelector', Object.fromEntries(labels));
  const isEverywhere = tolerations?.some(({ operator, key }) => operator === 'Exists' && key === undefined) ?? false;
  if (!isEverywhere) set(values, 'linux.tolerations', tolerations ?? []);
  if (priorityClassName !== undefined && priorityClassName !== 'system-node-critical') {
    set(values, 'linux.priorityClassName', priorityClassName);
  }
}

/** What is asked for today stays, as it is; what Azure needs is added. */
function addTokenRequests(values: ChartValues, { csiDriver }: ClusterView): void {
  const today = csiDriver?.spec.tokenRequests ?? [];
  const missing = AUDIENCES.filter((audience) => !today.some((request) => request.audience === audience));
  const isDefault =
    today.length + missing.length === AUDIENCES.length && today.every(({ expirationSeconds }) => !expirationSeconds);
  if (isDefault) return;
  set(values, 'tokenRequests', [
    ...today.map(({ audience, expirationSeconds }) => ({
      audience,
      ...(typeof expirationSeconds === 'number' && { expirationSeconds }),
    })),
    ...missing.map((audience) => ({ audience })),
  ]);
}

function set(values: ChartValues, path: string, value: unknown): void {
  const parts = path.split('.');
  const last = parts.pop() ?? '';
  let at = values;
  for (const part of parts) at = (at[part] ??= {}) as ChartValues;
  at[last] = value;
}
