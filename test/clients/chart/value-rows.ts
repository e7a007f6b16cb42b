import { at, objectOf, type Rendered, type ValuesByPath } from './rendered-chart.ts';

/** What a value does to what is rendered. */
export interface ValueRow {
  /** Its path. */
  readonly value: string;
  /** What a person sets it to. */
  readonly set: unknown;
  /** Other values that it needs to be seen. */
  readonly with?: ValuesByPath;
  /** The flag of the process that it is, without dashes; else the place is looked at. */
  readonly flag?: string;
  readonly seen?: (objects: readonly Rendered[]) => unknown;
  /** What is seen there then. Default: what was set. */
  readonly is?: unknown;
}

type Look = (objects: readonly Rendered[]) => unknown;

const daemonSet =
  (path: string): Look =>
  (objects) =>
    at(objectOf(objects, 'DaemonSet'), path);
const pod = (path: string): Look => daemonSet(`spec.template.spec.${path}`);
const main = (path: string): Look => pod(`containers.0.${path}`);
const object =
  (kind: string, path: string): Look =>
  (objects) =>
    at(objectOf(objects, kind), path);
const kinds =
  (...names: readonly string[]): Look =>
  (objects) =>
    objects.map(({ kind }) => kind).filter((kind) => names.includes(kind));
const last =
  (look: Look): Look =>
  (objects) =>
    (look(objects) as readonly unknown[] | undefined)?.at(-1);
const absent =
  (look: Look): Look =>
  (objects) =>
    look(objects) === undefined;
const container =
  (name: string, path = 'name'): Look =>
  (objects) => {
    const containers = pod('containers')(objects) as readonly { readonly name: string }[];
    return at(
      containers.find((one) => one.name === name),
      path,
    );
  };
const readsSecrets: Look = (objects) =>
  objects
    .filter(({ metadata }) => metadata.name === 'secretprovidersyncing-role')
    .map(({ metadata }) => metadata.namespace ?? '*');

const ALONE = { 'driver.enabled': false };
const REGISTRAR = { 'linux.registrar.enabled': true };
const PROBE = { 'linux.livenessProbe.enabled': true };
const POLICY = { 'networkPolicy.enabled': true };
const DIGEST = `sha256:${'0a'.repeat(32)}`;
const SMALL = { limits: { memory: '1Gi' } };
const QUANTITIES = { limits: { memory: '1Gi' }, requests: { cpu: '5m', memory: '30Mi' } };

/** One row, or more, for each value of the chart. */
export const VALUE_ROWS: readonly ValueRow[] = [
  { value: 'driver.enabled', set: false, seen: daemonSet('metadata.name'), is: 'csi-secrets-store-provider-azure' },
  { value: 'driver.enabled', set: false, seen: kinds('CSIDriver', 'CustomResourceDefinition'), is: [] },
  { value: 'driver.volumeSizeLimit', set: 65_536, flag: 'volume-size-limit' },
  { value: 'driver.forbidParameterOverrides', set: true, flag: 'forbid-parameter-overrides' },
  { value: 'azure.enabled', set: false, flag: 'azure-provider' },
  { value: 'azure.cloudName', set: 'AzureChinaCloud', flag: 'cloud-name' },
  { value: 'azure.cloudName', set: 'AzureChinaCloud', flag: 'cloud-name', with: ALONE },
  { value: 'azure.cloudEnvFolders', set: ['/etc/a', '/etc/b'], flag: 'cloud-env-folders', is: '/etc/a,/etc/b' },
  { value: 'azure.freshnessWindow', set: '0s', flag: 'freshness-window', is: 0 },
  { value: 'azure.upstreamVersionHistory', set: true, flag: 'upstream-version-history' },
  { value: 'azure.tokenProxyUrl', set: 'https://proxy.example', flag: 'token-proxy-url' },
  { value: 'azure.sniName', set: 'proxy.example', flag: 'sni-name' },
  {
    value: 'azure.serveSocket',
    set: true,
    flag: 'serve-provider',
    is: 'unix:///var/run/secrets-store-csi-providers/azure.sock',
  },
  { value: 'azure.prometheusPort', set: 9000, flag: 'prometheus-port', with: ALONE },
  { value: 'azure.prometheusPort', set: 0, with: ALONE, seen: kinds('Service'), is: [] },
  { value: 'constructPEMChain', set: false, flag: 'construct-pem-chain' },
  { value: 'writeCertAndKeyInSeparateFiles', set: true, flag: 'write-cert-and-key-in-separate-files' },
  { value: 'enableSecretRotation', set: false, flag: 'enable-secret-rotation' },
  { value: 'rotationPollInterval', set: '30s', flag: 'rotation-poll-interval', is: 30_000 },
  { value: 'tokenRequests', set: [{ audience: 'a' }], seen: object('CSIDriver', 'spec.tokenRequests') },
  {
    value: 'serviceAccountTokenInSecrets',
    set: true,
    seen: object('CSIDriver', 'spec.serviceAccountTokenInSecrets'),
  },
  { value: 'syncSecret.enabled', set: false, seen: readsSecrets, is: [] },
  { value: 'syncSecret.namespaces', set: ['shop', 'billing'], seen: readsSecrets, is: ['shop', 'billing'] },
  { value: 'providerHealthCheck', set: true, flag: 'provider-health-check' },
  {
    value: 'providerHealthCheckInterval',
    set: '1h',
    flag: 'provider-health-check-interval',
    is: 3_600_000,
    with: { providerHealthCheck: true },
  },
  { value: 'maxCallRecvMsgSize', set: 8_388_608, flag: 'max-call-recv-msg-size' },
  { value: 'rbac.install', set: false, seen: kinds('ServiceAccount', 'ClusterRole', 'ClusterRoleBinding'), is: [] },
  { value: 'rbac.install', set: false, with: ALONE, seen: kinds('ServiceAccount', 'ClusterRole'), is: [] },
  {
    value: 'rbac.ownerReferencesEnforced',
    set: true,
    seen: (objects) => at(objectOf(objects, 'ClusterRole', 'secretprovidersyncing-role'), 'rules.0.verbs'),
    is: ['get', 'create', 'patch', 'delete'],
  },
  { value: 'serviceAccount.name', set: 'keys', seen: pod('serviceAccountName') },
  { value: 'serviceAccount.name', set: 'keys', seen: object('ServiceAccount', 'metadata.name') },
  { value: 'serviceAccount.annotations', set: { a: 'b' }, seen: object('ServiceAccount', 'metadata.annotations') },
  { value: 'admissionPolicy.enabled', set: false, seen: kinds('ValidatingAdmissionPolicy'), is: [] },
  {
    value: 'automountServiceAccountToken',
    set: false,
    seen: (objects) => (main('volumeMounts')(objects) as { name: string }[]).some(({ name }) => name === 'token'),
  },
  { value: 'logVerbosity', set: 5, flag: 'v' },
  { value: 'logFormatJSON', set: true, flag: 'log-format-json' },
  { value: 'metrics.service.enabled', set: false, seen: kinds('Service'), is: [] },
  { value: 'metrics.service.annotations', set: { a: 'b' }, seen: object('Service', 'metadata.annotations') },
  { value: 'metrics.serviceMonitor.enabled', set: true, seen: kinds('ServiceMonitor'), is: ['ServiceMonitor'] },
  {
    value: 'metrics.serviceMonitor.interval',
    set: '15s',
    with: { 'metrics.serviceMonitor.enabled': true },
    seen: object('ServiceMonitor', 'spec.endpoints.0.interval'),
  },
  {
    value: 'metrics.serviceMonitor.labels',
    set: { release: 'prometheus' },
    with: { 'metrics.serviceMonitor.enabled': true },
    seen: object('ServiceMonitor', 'metadata.labels.release'),
    is: 'prometheus',
  },
  { value: 'livenessProbe.port', set: 9999, with: PROBE, seen: main('ports.1.containerPort') },
  {
    value: 'livenessProbe.logLevel',
    set: 7,
    with: PROBE,
    seen: last(container('liveness-probe', 'args')),
    is: '--v=7',
  },
  { value: 'hostNetwork', set: true, seen: pod('hostNetwork') },
  { value: 'hostNetwork', set: true, seen: pod('dnsPolicy'), is: 'ClusterFirstWithHostNet' },
  { value: 'networkPolicy.enabled', set: true, seen: kinds('NetworkPolicy'), is: ['NetworkPolicy'] },
  {
    value: 'networkPolicy.metricsFrom',
    set: [{ namespaceSelector: {} }],
    with: POLICY,
    seen: object('NetworkPolicy', 'spec.ingress.0.from'),
  },
  {
    value: 'networkPolicy.apiServerPorts',
    set: [16_443],
    with: POLICY,
    seen: object('NetworkPolicy', 'spec.egress.1.ports.1.port'),
    is: 16_443,
  },
  {
    value: 'networkPolicy.extraEgress',
    set: [{ ports: [{ port: 3128 }] }],
    with: POLICY,
    seen: object('NetworkPolicy', 'spec.egress.3'),
    is: { ports: [{ port: 3128 }] },
  },
  {
    value: 'caBundle',
    set: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n',
    seen: (objects) => objects.find(({ kind }) => kind === 'ConfigMap')?.['data'],
    is: { 'ca.crt': '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n' },
  },
  {
    value: 'caBundle',
    set: '-----BEGIN CERTIFICATE-----',
    seen: last(main('env')),
    is: { name: 'NODE_EXTRA_CA_CERTS', value: '/etc/keyferry/ca/ca.crt' },
  },
  { value: 'imagePullSecrets', set: [{ name: 'registry' }], seen: pod('imagePullSecrets') },
  { value: 'commonLabels', set: { team: 'keys' }, seen: object('CSIDriver', 'metadata.labels.team'), is: 'keys' },
  { value: 'nameOverride', set: 'keys', seen: daemonSet('spec.selector.matchLabels.app') },
  { value: 'fullnameOverride', set: 'keys', seen: daemonSet('metadata.name') },
  { value: 'extraEnv', set: [{ name: 'HTTPS_PROXY', value: 'http://p:1' }], seen: (o) => [last(main('env'))(o)] },
  { value: 'extraArgs', set: ['--kubeconfig=/a'], seen: last(main('args')), is: '--kubeconfig=/a' },
  { value: 'extraArgs', set: ['--http-host=::1'], with: ALONE, seen: last(main('args')), is: '--http-host=::1' },
  { value: 'extraVolumes', set: [{ name: 'a', emptyDir: {} }], seen: (o) => [last(pod('volumes'))(o)] },
  { value: 'extraVolumeMounts', set: [{ name: 'a', mountPath: '/a' }], seen: (o) => [last(main('volumeMounts'))(o)] },
  { value: 'podDisruptionBudget.enabled', set: true, seen: kinds('PodDisruptionBudget'), is: ['PodDisruptionBudget'] },
  {
    value: 'podDisruptionBudget.minAvailable',
    set: 3,
    with: { 'podDisruptionBudget.enabled': true },
    seen: object('PodDisruptionBudget', 'spec.minAvailable'),
  },
  { value: 'linux.enabled', set: false, seen: kinds('DaemonSet', 'Service'), is: [] },
  { value: 'linux.image.repository', set: 'mirror/keyferry', seen: main('image'), is: 'mirror/keyferry:0.1.0' },
  { value: 'linux.image.tag', set: '9.9', seen: main('image'), is: 'ghcr.io/keyferry/keyferry:9.9' },
  { value: 'linux.image.digest', set: DIGEST, seen: main('image'), is: `ghcr.io/keyferry/keyferry@${DIGEST}` },
  { value: 'linux.image.pullPolicy', set: 'Never', seen: main('imagePullPolicy') },
  { value: 'linux.crds.enabled', set: false, seen: kinds('CustomResourceDefinition'), is: [] },
  {
    value: 'linux.crds.annotations',
    set: { a: 'b' },
    seen: (objects) =>
      at(
        objectOf(objects, 'CustomResourceDefinition', 'secretproviderclasses.secrets-store.csi.x-k8s.io'),
        'metadata.annotations.a',
      ),
    is: 'b',
  },
  { value: 'linux.driver.resources', set: SMALL, seen: main('resources.limits.memory'), is: '1Gi' },
  { value: 'linux.driver.resources', set: null, seen: absent(main('resources')), is: true },
  { value: 'linux.resources', set: QUANTITIES, with: ALONE, seen: main('resources') },
  { value: 'linux.privileged', set: true, with: ALONE, seen: main('securityContext.privileged') },
  { value: 'linux.kubeletRootDir', set: '/var/k', seen: pod('volumes.2.hostPath.path'), is: '/var/k/pods' },
  { value: 'linux.kubeletRootDir', set: '/var/k', seen: main('volumeMounts.2.mountPath'), is: '/var/k/pods' },
  {
    value: 'linux.kubeletRootDir',
    set: '/var/k',
    flag: 'kubelet-registration-path',
    is: '/var/k/plugins/csi-secrets-store/csi.sock',
  },
  { value: 'linux.providersDir', set: '/var/p', flag: 'provider-volume' },
  { value: 'linux.providersDir', set: '/var/p', seen: pod('volumes.3.hostPath.path') },
  { value: 'linux.providersDir', set: '/var/p', with: ALONE, seen: pod('volumes.0.hostPath.path') },
  {
    value: 'linux.additionalProvidersDirs',
    set: ['/etc/a', '/etc/b'],
    flag: 'additional-provider-volume-paths',
    is: '/etc/a,/etc/b',
  },
  { value: 'linux.additionalProvidersDirs', set: ['/etc/a'], seen: pod('volumes.4.hostPath.path'), is: '/etc/a' },
  { value: 'linux.metricsAddr', set: ':9000', flag: 'metrics-addr' },
  { value: 'linux.metricsAddr', set: '[::]:9000', seen: object('Service', 'spec.ports.0.port'), is: 9000 },
  { value: 'linux.metricsAddr', set: '0', seen: absent(main('livenessProbe')), is: true },
  { value: 'linux.metricsAddr', set: '0', seen: kinds('Service'), is: [] },
  { value: 'linux.metricsAddr', set: '0', seen: absent(main('startupProbe')), is: true },
  { value: 'linux.metricsAddr', set: '127.0.0.1:9000', seen: absent(main('readinessProbe')), is: true },
  { value: 'linux.metricsAddr', set: '127.0.0.1:9000', seen: absent(main('startupProbe')), is: true },
  {
    value: 'linux.metricsAddr',
    set: '127.0.0.1:9000',
    with: { hostNetwork: true },
    seen: main('startupProbe.httpGet.host'),
    is: '127.0.0.1',
  },
  {
    value: 'linux.metricsAddr',
    set: '127.0.0.1:9000',
    with: { hostNetwork: true },
    seen: main('readinessProbe.httpGet.host'),
    is: '127.0.0.1',
  },
  { value: 'linux.healthzPort', set: 9001, flag: 'healthz-port', with: ALONE },
  { value: 'linux.healthzPort', set: 9001, with: ALONE, seen: main('ports.0.containerPort') },
  { value: 'linux.healthzPath', set: '/up', flag: 'healthz-path', with: ALONE },
  { value: 'linux.healthzPath', set: '/up', with: ALONE, seen: main('livenessProbe.httpGet.path') },
  { value: 'linux.healthzPath', set: '/up', with: ALONE, seen: main('startupProbe.httpGet.path') },
  { value: 'linux.healthzTimeout', set: '1s', flag: 'healthz-timeout', with: ALONE, is: 1000 },
  { value: 'linux.customUserAgent', set: 'team "keys"', flag: 'custom-user-agent' },
  {
    value: 'linux.updateStrategy',
    set: { type: 'OnDelete', rollingUpdate: null },
    seen: daemonSet('spec.updateStrategy'),
    is: { type: 'OnDelete' },
  },
  { value: 'linux.terminationGracePeriodSeconds', set: 5, seen: pod('terminationGracePeriodSeconds') },
  { value: 'linux.priorityClassName', set: 'high', seen: pod('priorityClassName') },
  { value: 'linux.dnsPolicy', set: 'Default', seen: pod('dnsPolicy') },
  { value: 'linux.nodeSelector', set: { pool: 'a' }, seen: pod('nodeSelector.pool'), is: 'a' },
  { value: 'linux.tolerations', set: [{ key: 'a', operator: 'Exists' }], seen: pod('tolerations') },
  { value: 'linux.affinity', set: null, seen: absent(pod('affinity')), is: true },
  { value: 'linux.daemonsetAnnotations', set: { a: 'b' }, seen: daemonSet('metadata.annotations.a'), is: 'b' },
  { value: 'linux.podAnnotations', set: { a: 'b' }, seen: daemonSet('spec.template.metadata.annotations.a'), is: 'b' },
  { value: 'linux.podLabels', set: { a: 'b' }, seen: daemonSet('spec.template.metadata.labels.a'), is: 'b' },
  { value: 'linux.env', set: [{ name: 'A', value: 'b' }], seen: (o) => [last(main('env'))(o)] },
  { value: 'linux.volumes', set: [{ name: 'a', emptyDir: {} }], seen: (o) => [last(pod('volumes'))(o)] },
  { value: 'linux.volumeMounts', set: [{ name: 'a', mountPath: '/a' }], seen: (o) => [last(main('volumeMounts'))(o)] },
  {
    value: 'linux.registrar.enabled',
    set: true,
    seen: container('node-driver-registrar'),
    is: 'node-driver-registrar',
  },
  { value: 'linux.registrar.enabled', set: true, flag: 'registration-dir', is: '' },
  {
    value: 'linux.registrar.resources',
    set: QUANTITIES,
    with: REGISTRAR,
    seen: container('node-driver-registrar', 'resources'),
  },
  {
    value: 'linux.registrar.logVerbosity',
    set: 2,
    with: REGISTRAR,
    seen: container('node-driver-registrar', 'args.0'),
    is: '--v=2',
  },
  {
    value: 'linux.registrarImage.repository',
    set: 'r',
    with: REGISTRAR,
    seen: container('node-driver-registrar', 'image'),
    is: 'r:v2.16.0',
  },
  {
    value: 'linux.registrarImage.tag',
    set: 'v9',
    with: REGISTRAR,
    seen: container('node-driver-registrar', 'image'),
    is: 'registry.k8s.io/sig-storage/csi-node-driver-registrar:v9',
  },
  {
    value: 'linux.registrarImage.pullPolicy',
    set: 'Never',
    with: REGISTRAR,
    seen: container('node-driver-registrar', 'imagePullPolicy'),
  },
  { value: 'linux.livenessProbe.enabled', set: true, seen: container('liveness-probe'), is: 'liveness-probe' },
  { value: 'linux.livenessProbe.enabled', set: true, seen: main('livenessProbe.httpGet.port'), is: 'healthz' },
  {
    value: 'linux.livenessProbe.resources',
    set: QUANTITIES,
    with: PROBE,
    seen: container('liveness-probe', 'resources'),
  },
  {
    value: 'linux.livenessProbeImage.repository',
    set: 'r',
    with: PROBE,
    seen: container('liveness-probe', 'image'),
    is: 'r:v2.18.0',
  },
  {
    value: 'linux.livenessProbeImage.tag',
    set: 'v9',
    with: PROBE,
    seen: container('liveness-probe', 'image'),
    is: 'registry.k8s.io/sig-storage/livenessprobe:v9',
  },
  {
    value: 'linux.livenessProbeImage.pullPolicy',
    set: 'Never',
    with: PROBE,
    seen: container('liveness-probe', 'imagePullPolicy'),
  },
  {
    value: 'secrets-store-csi-driver',
    set: { install: false },
    seen: daemonSet('metadata.name'),
    is: 'csi-secrets-store-provider-azure',
  },
  {
    value: 'secrets-store-csi-driver',
    set: { rotationPollInterval: '1h', linux: { metricsAddr: ':8080' } },
    with: { rotationPollInterval: '5m' },
    flag: 'rotation-poll-interval',
    is: 3_600_000,
  },
];
