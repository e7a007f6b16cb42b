import { parseDuration } from '#base';
import type { KnownFlag, KnownFlags, Scene } from './checks/check.ts';
import { asksOnTheNode } from './checks/node-network.ts';
import { AUDIENCES } from './checks/token-requests.ts';
import { SYNC_ROLE } from './checks/secret-sync.ts';
import { hostPaths, PROVIDER_FOLDERS, providerFolders, type Component } from './cluster/components.ts';
import { isOn, isTrue } from './cluster/go-flags.ts';
import type { ClusterView } from './cluster/read-cluster.ts';

/** Values of the chart, as they stand in its values file. */
export type ChartValues = { [key: string]: unknown };

const DEFAULT_ROOT = '/var/lib/kubelet';

/** Flags of upstream's programs whose values of the chart are found by more than the flag, or are not a person's to keep. */
const NOT_COPIED = [
  'enable-secret-rotation',
  'provider-volume',
  'additional-provider-volume-paths',
  'v',
  'log-format-json',
];

/** The flags of upstream's programs that are values of the chart just so, each with the path of its value. */
export function copiedFlags(known: KnownFlags): (KnownFlag & { readonly name: string; readonly path: string })[] {
  return Object.entries(known).flatMap(([name, flag]) =>
    flag.from === undefined || flag.value === undefined || NOT_COPIED.includes(name)
      ? []
      : [{ ...flag, name, path: flag.value }],
  );
}

/**
 * The values with which Keyferry's chart does what the cluster has today, read from the running DaemonSets, which are what
 * counts, whoever installed them, and from the classes. Only what differs from the chart's defaults is in it, and nothing that may be a secret.
 */
export function planValues({ cluster, classes, nodeFlags }: Scene): ChartValues {
  const values: ChartValues = {};
  const linux = cluster.components.filter(({ os }) => os === 'linux');
  const driver = linux.find(({ role }) => role === 'driver');
  const provider = linux.find(({ role }) => role === 'azure-provider');
  for (const component of [driver, provider]) if (component !== undefined) addFlags(values, component, nodeFlags);
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

function addFlags(values: ChartValues, { flags }: Component, known: KnownFlags): void {
  for (const { name, path, kind, default: usual } of copiedFlags(known)) {
    const text = flags.get(name);
    if (text === undefined || text.includes('$(')) continue;
    const value = parseValue(kind, text);
    if (value === undefined || value === usual) continue;
    set(values, path, kind === 'duration' ? text : value);
  }
}

/** Undefined for what a Go program would not have taken. */
function parseValue(kind: KnownFlag['kind'], text: string): string | boolean | number | undefined {
  if (kind === 'bool') return isTrue(text);
  if (kind === 'int') return /^\d+$/.test(text) ? Number(text) : undefined;
  return kind === 'duration' ? parseDuration(text) : text;
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
