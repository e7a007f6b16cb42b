import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { createFakeKubeClient } from '../../kube/testing/index.ts';
import { checkMigration } from './check-migration.ts';
import type { KnownFlags } from './checks/check.ts';
import { CHECKS } from './checks/table.ts';
import { exitCodeOf } from './migrate-command.ts';
import { podWith, secretClass, upstreamObjects, type Placed } from './testing/upstream-objects.ts';

const ONE = `array:\n  - |\n    objectName: db\n    objectType: secret\n`;
const nodeFlags = {
  'rotation-poll-interval': {
    kind: 'duration',
    group: 'refresh',
    help: '',
    from: 'driver',
    value: 'rotationPollInterval',
    default: 120_000,
  },
  'enable-secret-rotation': {
    kind: 'bool',
    group: 'refresh',
    help: '',
    from: 'driver',
    value: 'enableSecretRotation',
    default: false,
  },
  'provider-volume': { kind: 'text', group: 'providers', help: '', from: 'driver', value: 'a', default: '' },
  'additional-provider-volume-paths': { kind: 'text', group: 'providers', help: '', value: 'b', default: '' },
  'construct-pem-chain': {
    kind: 'bool',
    group: 'azure',
    help: '',
    from: 'provider',
    value: 'constructPEMChain',
    default: true,
  },
  'max-call-recv-msg-size': {
    kind: 'int',
    group: 'providers',
    help: '',
    from: 'driver',
    value: 'maxCallRecvMsgSize',
    default: 4_194_304,
  },
  'metrics-addr': {
    kind: 'text',
    group: 'health and metrics',
    help: '',
    from: 'driver',
    value: 'linux.metricsAddr',
    default: ':8095',
  },
  'freshness-window': { kind: 'duration', group: 'azure', help: '', value: 'azure.freshnessWindow', default: 30_000 },
  'filtered-watch-secret': {
    kind: 'bool',
    group: 'without effect',
    help: 'of old drivers',
    from: 'driver',
    default: true,
  },
} satisfies KnownFlags;

function clientOf(...objects: readonly Placed[]) {
  const client = createFakeKubeClient();
  for (const { resource, object } of objects) client.put(resource, object);
  return client;
}

const check = (...objects: readonly Placed[]) => checkMigration({ client: clientOf(...objects), nodeFlags });

function secret(name: string, labels: Record<string, string>, annotations: Record<string, string> = {}): Placed {
  return {
    resource: { group: '', version: 'v1', resource: 'secrets' },
    object: { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'shop', labels, annotations } },
  };
}

const asksFor = (secretName: string) =>
  secretClass('db', ONE, {
    secretObjects: [{ secretName, type: 'Opaque', data: [{ objectName: 'db', key: 'db' }] }],
  });

const windowsNode: Placed = {
  resource: { group: '', version: 'v1', resource: 'nodes' },
  object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'win-1', labels: { 'kubernetes.io/os': 'windows' } } },
};

const definition = (annotations: Record<string, string>): Placed => ({
  resource: { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' },
  object: {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'secretproviderclasses.secrets-store.csi.x-k8s.io', annotations },
  },
});

const owned = { 'meta.helm.sh/release-name': 'akv', 'meta.helm.sh/release-namespace': 'kube-system' };
const helm = upstreamObjects({ origin: 'helm' });
const history = 'array:\n  - |\n    objectName: db\n    objectType: secret\n    objectVersionHistory: 3\n';
const twice = `${ONE}  - |\n    objectName: other\n    objectAlias: db\n    objectType: key\n`;

/** For each check a cluster in which it finds something, what its evidence says, and one in which it must stay silent. */
const CASES: readonly (readonly [
  id: keyof typeof CHECKS,
  there: readonly Placed[],
  says: RegExp,
  not: readonly Placed[],
])[] = [
  ['aks-addon', upstreamObjects({ origin: 'aks-addon' }), /aks-secrets-store-csi-driver/, helm],
  [
    'windows-nodes',
    [...upstreamObjects({ origin: 'helm', windows: true }), windowsNode],
    /Node win-1/,
    [...helm, windowsNode],
  ],
  [
    'definitions-would-go',
    [...helm, definition(owned)],
    /release akv/,
    [...helm, definition({}), definition({ ...owned, 'helm.sh/resource-policy': 'keep' })],
  ],
  [
    'class-refused',
    [...helm, secretClass('db', 'array: 5'), podWith('db')],
    /shop\/db: spec\.parameters\.objects/,
    [...helm, secretClass('db', 'array: 5')],
  ],
  ['one-file-twice', [...helm, secretClass('db', twice)], /file name "db" is taken/, [...helm, secretClass('db', ONE)]],
  [
    'foreign-secret',
    [...helm, asksFor('s'), secret('s', {})],
    /Secret shop\/s/,
    [...helm, asksFor('s'), secret('s', { 'secrets-store.csi.k8s.io/managed': 'true' })],
  ],
  [
    'cloud-file',
    [
      ...upstreamObjects({ origin: 'helm', providerVolumes: [{ name: 'cloud', path: '/etc/cloud' }] }),
      secretClass('db', ONE, { parameters: { cloudName: 'AzureStackCloud', cloudEnvFileName: '/etc/cloud/own.json' } }),
    ],
    /\/etc\/cloud of the node|own\.json/,
    [...helm, secretClass('db', ONE)],
  ],
  [
    'node-network',
    [...helm, secretClass('db', ONE, { parameters: { useVMManagedIdentity: 'true' } })],
    /useVMManagedIdentity: "true"/,
    [...helm, secretClass('db', ONE, { parameters: { useVMManagedIdentity: 'false' } })],
  ],
  [
    'version-history',
    [...helm, secretClass('db', history)],
    /secret db, objectVersionHistory: 3/,
    [...helm, secretClass('db', ONE)],
  ],
  ['token-requests', upstreamObjects({ origin: 'helm', tokenRequests: [{ audience: 'vault' }] }), /"vault"/, helm],
  ['rotation', helm, /rotation is off/, []],
  [
    'secret-sync',
    [...upstreamObjects({ origin: 'helm', syncSecret: false }), asksFor('s')],
    /asks for Secret s/,
    [...helm, asksFor('s')],
  ],
  [
    'environment',
    upstreamObjects({ origin: 'helm', providerEnv: [{ name: 'HTTPS_PROXY', value: 'http://me:pw@proxy' }] }),
    /has HTTPS_PROXY$/,
    helm,
  ],
  ['metrics', upstreamObjects({ origin: 'helm', driverArgs: ['--metrics-addr=:8080'] }), /:8080/, []],
  [
    'flags-without-effect',
    upstreamObjects({ origin: 'helm', driverArgs: ['--filtered-watch-secret=true'] }),
    /--filtered-watch-secret=true: of old drivers/,
    helm,
  ],
  ['rbac', helm, /ClusterRole secretprovidersyncing-role: of Helm release akv/, []],
  [
    'other-providers',
    [...helm, daemonSetOf('vault', { image: 'hashicorp/vault-csi-provider:1.5.0' })],
    /DaemonSet others\/vault: hashicorp/,
    helm,
  ],
  ['running-pods', [...helm, podWith('db')], /Pod shop\/uses-db/, helm],
];

function daemonSetOf(name: string, container: { readonly image: string; readonly args?: readonly string[] }): Placed {
  const volumes = [{ name: 'providers', hostPath: { path: '/etc/kubernetes/secrets-store-csi-providers/' } }];
  const containers = [{ name: 'main', ...container }];
  return {
    resource: { group: 'apps', version: 'v1', resource: 'daemonsets' },
    object: {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name, namespace: 'others' },
      spec: { selector: {}, template: { metadata: {}, spec: { containers, volumes } } },
    },
  };
}

describe('migrate check', () => {
  it.each(CASES)('finds %s, and only where it is', async (id, there, says, not) => {
    const found = (await check(...there)).findings.find((finding) => finding.id === id);
    expect(found?.evidence.join('\n')).toMatch(says);
    expect(found?.mend).not.toBe('');
    expect((await check(...not)).findings.map((finding) => finding.id)).not.toContain(id);
  });

  it('has a case for each check but the one about rights', () => {
    const tried = CASES.map(([id]) => id);
    expect([...tried, 'not-readable'].toSorted()).toEqual(Object.keys(CHECKS).toSorted());
  });

  it('tells what may not be read, and finds the rest', async () => {
    const client = clientOf(...helm, asksFor('s'), secret('s', {}));
    client.intercept = ({ resource }) => {
      if (resource !== 'secrets') return;
      throw new KeyferryError('permission-denied', 'listing secrets: forbidden', { upstreamCode: 'Forbidden' });
    };
    const { findings, programs } = await checkMigration({ client, nodeFlags });
    const unread = findings.find(({ id }) => id === 'not-readable');
    expect(unread?.evidence).toEqual([
      'the record of the Helm release kube-system/akv: listing secrets: forbidden',
      'Secrets of shop: listing secrets: forbidden',
    ]);
    expect(programs.map(({ role }) => role)).toEqual(['driver', 'azure-provider']);
    expect(findings.map(({ id }) => id)).not.toContain('foreign-secret');
  });

  it('takes nothing for off that it may not see', async () => {
    const client = clientOf(...helm, asksFor('s'));
    client.intercept = ({ resource }) => {
      if (resource === 'clusterroles') throw new KeyferryError('permission-denied', 'listing clusterroles: forbidden');
    };
    const { findings, values } = await checkMigration({ client, nodeFlags });
    expect(values).toEqual({ enableSecretRotation: false });
    expect(findings.map(({ id }) => id)).not.toContain('secret-sync');
  });

  it('does not go on where the API server is away', async () => {
    const client = clientOf(...helm);
    client.intercept = () => {
      throw new KeyferryError('unavailable', 'nobody answers');
    };
    await expect(checkMigration({ client, nodeFlags })).rejects.toThrow('nobody answers');
  });

  it('shows no value of a variable, no value of a release and no argument of another vendor', async () => {
    const report = await check(
      ...upstreamObjects({
        origin: 'helm',
        providerEnv: [{ name: 'HTTPS_PROXY', value: 'http://me:hidden@proxy' }],
        releaseValues: { linux: { env: 'hidden' } },
      }),
      daemonSetOf('vault', { image: 'hashicorp/vault-csi-provider:1.5.0', args: ['--token=hidden'] }),
    );
    expect(report.programs.map(({ role }) => role)).toContain('other-provider');
    expect(JSON.stringify(report)).not.toContain('hidden');
  });

  it('asks for something to be mended first by its exit code', async () => {
    expect(exitCodeOf(await check(...helm))).toBe(0);
    expect(exitCodeOf(await check(...helm, secretClass('db', twice)))).toBe(4);
  });

  it('takes a class whose client ids are those of service accounts', async () => {
    const own = secretClass('db', ONE, { parameters: { clientID: '' } });
    const { findings } = await check(...helm, own, podWith('db'));
    expect(findings.map(({ id }) => id)).not.toContain('class-refused');
  });
});

describe('the programs', () => {
  it.each([
    ['helm', 'Helm release akv in kube-system', 'csi-secrets-store-provider-azure-1.8.2'],
    ['aks-addon', 'the AKS add-on azure-keyvault-secrets-provider', undefined],
    ['manifest', 'manifests, applied by hand', undefined],
  ] as const)('of %s are found with their versions', async (origin, told, chart) => {
    const { programs } = await check(...upstreamObjects({ origin }));
    expect(programs.map(({ role, version }) => [role, version])).toEqual([
      ['driver', '1.5.4'],
      ['azure-provider', '1.8.2'],
    ]);
    expect(programs.map((program) => [program.origin, program.chart])).toEqual([
      [told, chart],
      [told, chart],
    ]);
  });

  it('say when Keyferry is there already', async () => {
    const image = 'ghcr.io/keyferry/keyferry:0.1.0';
    const { programs } = await check(
      daemonSetOf('secrets-store-csi-driver', { image, args: ['node', '--endpoint=x'] }),
    );
    expect(programs.map(({ role, version }) => [role, version])).toEqual([['keyferry', '0.1.0']]);
  });
});

describe('the values', () => {
  it.each([
    [
      'nothing where upstream is as the defaults are',
      {
        driverArgs: [
          '--enable-secret-rotation=true',
          '--rotation-poll-interval=2m0s',
          '--metrics-addr=:8095',
          '--max-call-recv-msg-size=4194304',
        ],
        providerArgs: ['--construct-pem-chain'],
      },
      {},
    ],
    [
      'what flags say, as the chart has it',
      {
        driverArgs: ['--enable-secret-rotation', '--metrics-addr', ':80', '--max-call-recv-msg-size=1'],
        providerArgs: ['--construct-pem-chain=f'],
      },
      { linux: { metricsAddr: ':80' }, maxCallRecvMsgSize: 1, constructPEMChain: false },
    ],
    [
      'nothing of flags that upstream would not have taken, that a variable fills in or that it does not know',
      {
        driverArgs: [
          '--enable-secret-rotation=1',
          '--rotation-poll-interval=often',
          '--metrics-addr=$(ADDRESS)',
          '--max-call-recv-msg-size=large',
          '--freshness-window=1s',
        ],
      },
      {},
    ],
    ['rotation that is off', {}, { enableSecretRotation: false }],
    [
      'an interval',
      { driverArgs: ['--enable-secret-rotation', '--rotation-poll-interval', '1h'] },
      { rotationPollInterval: '1h' },
    ],
    [
      'no sync',
      { syncSecret: false, driverArgs: ['--enable-secret-rotation=true'] },
      { syncSecret: { enabled: false } },
    ],
    [
      'the folder of another kubelet',
      { kubeletRootDir: '/var/snap/kubelet', driverArgs: ['--enable-secret-rotation=true'] },
      { linux: { kubeletRootDir: '/var/snap/kubelet' } },
    ],
    [
      'audiences of others, and those of Azure',
      { tokenRequests: [{ audience: 'vault', expirationSeconds: 600 }], driverArgs: ['--enable-secret-rotation=true'] },
      {
        tokenRequests: [
          { audience: 'vault', expirationSeconds: 600 },
          { audience: 'api://AzureADTokenExchange' },
          { audience: 'api://AKSIdentityBinding' },
        ],
      },
    ],
    [
      'nodes that have to be tolerated by name',
      { tolerations: [{ key: 'a', operator: 'Exists' }], driverArgs: ['--enable-secret-rotation=true'] },
      { linux: { tolerations: [{ key: 'a', operator: 'Exists' }] } },
    ],
  ] as const)('keep %s', async (_what, options, values) => {
    expect((await check(...upstreamObjects({ origin: 'helm', ...options }))).values).toEqual(values);
  });
});

it('the values give pods the node’s network where identities come from there', async () => {
  const own = secretClass('db', ONE, { parameters: { usePodIdentity: 'true' } });
  expect((await check(...helm, own)).values).toEqual({ enableSecretRotation: false, hostNetwork: true });
});

describe('the way', () => {
  it('goes by uninstalling the release, and back to its chart and version', async () => {
    const { way } = await check(...helm);
    const there = way.there.flatMap(({ lines }) => lines);
    const back = way.back.flatMap(({ lines }) => lines);
    const uninstall = there.indexOf('helm uninstall akv --namespace kube-system --wait');
    expect(uninstall).toBeGreaterThan(there.findIndex((line) => line.startsWith('helm get values akv')));
    expect(there.findIndex((line) => line.startsWith('helm install keyferry '))).toBeGreaterThan(uninstall);
    expect(back).toContain(
      'helm install akv csi-secrets-store-provider-azure --repo https://azure.github.io/secrets-store-csi-driver-provider-azure/charts --version 1.8.2 --namespace kube-system --values kube-system-akv-values.yaml --wait',
    );
  });

  it.each(['constructor', '__proto__', ''])(
    'back to a chart of the name "%s" leaves the repository open',
    async (chart) => {
      const { way } = await check(...upstreamObjects({ origin: 'helm', chart }));
      expect(way.back.flatMap(({ lines }) => lines)).toContainEqual(
        expect.stringMatching(/^helm install akv \S+ --repo REPOSITORY /),
      );
    },
  );

  it('keeps the values of a release that is called as Keyferry’s apart from those for Keyferry', async () => {
    const { way } = await check(...upstreamObjects({ origin: 'helm', release: 'keyferry' }));
    const written = way.there.flatMap(({ lines }) => lines).flatMap((line) => / > (\S+)/.exec(line)?.[1] ?? []);
    expect(written).toHaveLength(2);
    expect(new Set(written).size).toBe(2);
  });

  it('quotes a name that a shell would act on', async () => {
    const { way } = await check(...upstreamObjects({ origin: 'helm', release: "a'; reboot #" }));
    const lines = way.there.flatMap((step) => step.lines).filter((line) => line.includes('reboot'));
    expect(lines).toEqual([
      String.raw`helm get values 'a'\''; reboot #' --namespace kube-system -o yaml > 'kube-system-a'\''; reboot #-values.yaml'`,
      String.raw`helm uninstall 'a'\''; reboot #' --namespace kube-system --wait`,
    ]);
  });

  it('of the add-on goes by az', async () => {
    const { way } = await check(...upstreamObjects({ origin: 'aks-addon' }));
    const az = (lines: readonly string[]) => lines.filter((line) => line.startsWith('az aks'));
    expect(az(way.there.flatMap(({ lines }) => lines))).toHaveLength(1);
    expect(az(way.back.flatMap(({ lines }) => lines))[0]).toContain('enable-addons');
  });

  it('of manifests deletes and applies the DaemonSets', async () => {
    const { way } = await check(...upstreamObjects({ origin: 'manifest' }));
    expect(way.there.flatMap(({ lines }) => lines).filter((line) => line.startsWith('kubectl delete'))).toHaveLength(2);
  });
});

describe('docs/migration.md', () => {
  it('has a row for each check, with its weight', () => {
    const page = readFileSync(new URL('../../../docs/migration.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| ([a-z ]+?) +\|/gm)].map(([, id, weight]) => [id, weight]);
    expect(rows).toEqual(Object.entries(CHECKS).map(([id, { weight }]) => [id, weight]));
  });
});
