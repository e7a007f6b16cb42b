import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '#lab/session';
import { NODE_FLAGS } from '../../../src/cmd/node-flags.ts';
import { parseFlags, type FlagTable } from '../../../src/cmd/flags.ts';
import { PROVIDER_FLAGS } from '../../../src/cmd/provider-flags.ts';
import { readChartValues } from '../../../tools/render-values-page.ts';
import { describeWithClients } from '../support/clients.ts';
import { at, objectOf, renderChart, type Rendered, type ValuesByPath } from './rendered-chart.ts';
import { VALUE_ROWS } from './value-rows.ts';

// What helm renders of charts/keyferry. Places are those of Kubernetes' API; paths of values those of upstream's charts.

const CLIENTS = ['kubectl-and-helm'];
const FLAGS: Readonly<Record<string, FlagTable>> = { node: NODE_FLAGS, provider: PROVIDER_FLAGS };

/** Rows without a place of their own: they show in a cluster, or in an error. */
const ELSEWHERE = ['linux.crds.takeOwnership', 'windows.enabled'];

const yaml = readFileSync(join(packageRoot(), 'charts', 'keyferry', 'values.yaml'), 'utf8');

describeWithClients('a value of the chart', CLIENTS, () => {
  const rendered = new Map<string, Promise<readonly Rendered[]>>();
  /** The chart with values; each set of them is rendered once. */
  const chart = (values: ValuesByPath) => {
    const key = JSON.stringify(values);
    const known = rendered.get(key) ?? renderChart(values);
    rendered.set(key, known);
    return known;
  };

  it.each(VALUE_ROWS)(
    '$value = $set shows ($flag)',
    async ({ value, set, with: others = {}, flag, seen, is = set }) => {
      const look = (objects: readonly Rendered[]) => (flag === undefined ? seen?.(objects) : flagsOf(objects)[flag]);
      expect(look(await chart({ ...others, [value]: set }))).toEqual(is);
      expect(look(await chart(others))).not.toEqual(is);
    },
  );

  it.each(readChartValues(yaml).map(({ path }) => path))('%s is in the table above', (path) => {
    expect([...VALUE_ROWS.map(({ value }) => value), ...ELSEWHERE]).toContain(path);
  });

  describe.each(Object.entries(FLAGS))('of the flags of keyferry %s', (_process, table) => {
    const named = Object.entries(table).flatMap(([flag, { value }]) => (value === undefined ? [] : [{ flag, value }]));
    it.each(named)('$value sets --$flag', ({ flag, value }) => {
      expect(VALUE_ROWS.filter((row) => row.flag === flag).map((row) => row.value)).toContain(value);
    });
  });
});

describeWithClients('the chart by its defaults', CLIENTS, () => {
  it('gives each process flags that it knows, and says nothing that has no effect', async () => {
    for (const values of [{}, { 'driver.enabled': false }]) {
      const objects = await renderChart(values);
      expect(() => flagsOf(objects)).not.toThrow();
    }
  });

  it('refreshes and syncs', async () => {
    const objects = await renderChart();
    expect(flagsOf(objects)).toMatchObject({ 'enable-secret-rotation': true, 'rotation-poll-interval': 120_000 });
    const { rules } = objectOf(objects, 'ClusterRole', 'secretprovidersyncing-role') as Rendered & { rules: unknown };
    expect(rules).toEqual([{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'create', 'patch'] }]);
  });

  it('asks for both tokens, by fields that every API server knows, since nobody says which one it will be', async () => {
    expect(at(objectOf(await renderChart(), 'CSIDriver'), 'spec')).toEqual({
      podInfoOnMount: true,
      attachRequired: false,
      volumeLifecycleModes: ['Ephemeral'],
      requiresRepublish: true,
      tokenRequests: [{ audience: 'api://AzureADTokenExchange' }, { audience: 'api://AKSIdentityBinding' }],
    });
  });

  it('is in the namespace of the release, and CSIDriver, kinds and roles have the names of upstream', async () => {
    const objects = await renderChart();
    const names = (kind: string) => objects.filter((one) => one.kind === kind).map((one) => one.metadata.name);
    expect(objectOf(objects, 'DaemonSet').metadata).toMatchObject({
      name: 'secrets-store-csi-driver',
      namespace: 'vaults',
    });
    expect(at(objectOf(objects, 'DaemonSet'), 'spec.selector')).toEqual({
      matchLabels: { app: 'secrets-store-csi-driver' },
    });
    expect(names('CSIDriver')).toEqual(['secrets-store.csi.k8s.io']);
    expect(names('ServiceAccount')).toEqual(['secrets-store-csi-driver']);
    expect(names('ClusterRole').toSorted()).toEqual([
      'secretproviderclasses-admin-role',
      'secretproviderclasses-role',
      'secretproviderclasses-viewer-role',
      'secretproviderclasspodstatuses-viewer-role',
      'secretprovidersyncing-role',
    ]);
  });

  it('gives no container but the main one the token', async () => {
    const objects = await renderChart({ 'linux.registrar.enabled': true, 'linux.livenessProbe.enabled': true });
    const spec = at(objectOf(objects, 'DaemonSet'), 'spec.template.spec') as {
      automountServiceAccountToken: boolean;
      containers: { name: string; volumeMounts: { name: string }[] }[];
    };
    expect(spec.automountServiceAccountToken).toBe(false);
    const withToken = spec.containers.filter(({ volumeMounts }) => volumeMounts.some(({ name }) => name === 'token'));
    expect(withToken.map(({ name }) => name)).toEqual(['secrets-store']);
  });

  it('writes no root file system, and without the driver has no right of root but its files', async () => {
    const context = async (values: ValuesByPath) =>
      at(objectOf(await renderChart(values), 'DaemonSet'), 'spec.template.spec.containers.0.securityContext');
    expect(await context({})).toEqual({ privileged: true, readOnlyRootFilesystem: true, runAsUser: 0 });
    expect(await context({ 'driver.enabled': false })).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsUser: 0,
    });
  });

  it('mounts a folder of providers once, however often it is named', async () => {
    const folder = '/etc/kubernetes/secrets-store-csi-providers';
    const objects = await renderChart({
      'linux.providersDir': folder,
      'linux.additionalProvidersDirs': [folder, '/a', '/a'],
    });
    const mounts = at(objectOf(objects, 'DaemonSet'), 'spec.template.spec.containers.0.volumeMounts') as {
      mountPath: string;
    }[];
    const paths = mounts.map(({ mountPath }) => mountPath);
    expect(paths).toEqual([...new Set(paths)]);
    expect(flagsOf(objects)).toMatchObject({
      'provider-volume': folder,
      'additional-provider-volume-paths': '/a',
    });
  });

  it('takes null for a value as nothing, as upstream’s files of values have it', async () => {
    const nothing = [
      'volumes',
      'volumeMounts',
      'env',
      'additionalProvidersDirs',
      'tolerations',
      'affinity',
      'priorityClassName',
    ];
    const objects = await renderChart({
      rotationPollInterval: null,
      tokenRequests: null,
      imagePullSecrets: null,
      'syncSecret.namespaces': null,
      'secrets-store-csi-driver': null,
      ...Object.fromEntries(nothing.map((name) => [`linux.${name}`, null])),
    });
    expect(flagsOf(objects)['rotation-poll-interval']).toBe(NODE_FLAGS['rotation-poll-interval'].default);
    expect(at(objectOf(objects, 'CSIDriver'), 'spec.tokenRequests')).toBeUndefined();
  });
});

describeWithClients('the chart refuses', CLIENTS, () => {
  it.each([
    [{ foo: 1 }, "additional properties 'foo' not allowed"],
    [{ 'linux.foo': 1 }, "at '/linux': additional properties 'foo' not allowed"],
    [{ 'secrets-store-csi-driver.linux.foo': 1 }, "additional properties 'foo' not allowed"],
    [{ rotationPollInterval: '2 minutes' }, "at '/rotationPollInterval'"],
    [{ 'linux.kubeletRootDir': 'var/lib' }, "at '/linux/kubeletRootDir'"],
    [{ 'linux.kubeletRootDir': '/var/lib/kubelet/' }, "at '/linux/kubeletRootDir'"],
    [{ 'linux.metricsAddr': '8095' }, "at '/linux/metricsAddr'"],
    [{ 'linux.metricsAddr': ':65536' }, "at '/linux/metricsAddr'"],
    [{ 'driver.enabled': 'no' }, "at '/driver/enabled': got string, want boolean"],
    [{ caBundle: '/etc/ca.pem' }, "at '/caBundle'"],
    [{ 'syncSecret.namespaces': 'shop' }, "at '/syncSecret/namespaces': got string"],
    [{ 'linux.driver.resources': { limits: { memory: '400 MB' } } }, "at '/linux/driver/resources/limits/memory'"],
    [{ 'windows.enabled': true }, 'windows.enabled: there is no driver for Windows nodes'],
    [{ 'driver.enabled': false, 'azure.enabled': false }, 'with both false there is nothing to install'],
    [
      { 'secrets-store-csi-driver.linux.image.repository': 'mirror.example/csi-secrets-store/driver' },
      "mirror.example/csi-secrets-store/driver is upstream's program and not this one",
    ],
    [
      { 'metrics.serviceMonitor.enabled': true, 'metrics.service.enabled': false },
      'metrics.serviceMonitor.enabled: it finds the pods by the Service',
    ],
  ])('%j', async (values, message) => {
    await expect(renderChart(values)).rejects.toThrow(message);
  });

  it('all that is wrong at once', async () => {
    const wrong = renderChart({ 'windows.enabled': true, 'driver.enabled': false, 'azure.enabled': false });
    await expect(wrong).rejects.toThrow(/windows\.enabled: [^]*driver\.enabled, azure\.enabled: /);
  });
});

/** The flags of the main container as its process reads them. Throws for one that it does not know. */
function flagsOf(objects: readonly Rendered[]): Readonly<Record<string, unknown>> {
  const [command = '', ...args] = at(
    objectOf(objects, 'DaemonSet'),
    'spec.template.spec.containers.0.args',
  ) as string[];
  return parseFlags(FLAGS[command] ?? {}, args);
}
