import type { KubeObject } from '#kube';
import type { PolicyRule } from './authorizer.ts';

const API = 'rbac.authorization.k8s.io/v1';
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-';

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const ALL = [...READ, ...WRITE];

function rule(verbs: readonly string[], apiGroups: readonly string[], resources: readonly string[]): PolicyRule {
  return { verbs, apiGroups, resources };
}

function role(
  name: string,
  rules: readonly PolicyRule[],
  labels: Readonly<Record<string, string>> = {},
  aggregates?: 'admin' | 'edit' | 'view',
): KubeObject {
  return {
    apiVersion: API,
    kind: 'ClusterRole',
    metadata: {
      name,
      labels: { ...LABELS, ...labels },
      annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
    },
    ...(aggregates === undefined
      ? {}
      : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${AGGREGATE}${aggregates}`]: 'true' } }] } }),
    rules,
  };
}

function binding(name: string, roleName: string, groups: readonly string[]): KubeObject {
  return {
    apiVersion: API,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels: LABELS },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName },
    subjects: groups.map((group) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group })),
  };
}

const CORE_VIEW = [
  'configmaps',
  'endpoints',
  'events',
  'limitranges',
  'namespaces',
  'namespaces/status',
  'persistentvolumeclaims',
  'persistentvolumeclaims/status',
  'pods',
  'pods/log',
  'pods/status',
  'replicationcontrollers',
  'replicationcontrollers/scale',
  'replicationcontrollers/status',
  'resourcequotas',
  'resourcequotas/status',
  'serviceaccounts',
  'services',
  'services/status',
];
const CORE_EDIT = [
  'configmaps',
  'endpoints',
  'events',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'replicationcontrollers/scale',
  'secrets',
  'serviceaccounts',
  'services',
];
const WORKLOADS = [
  'daemonsets',
  'deployments',
  'deployments/scale',
  'replicasets',
  'replicasets/scale',
  'statefulsets',
  'statefulsets/scale',
];
const WORKLOADS_STATUS = [
  ...WORKLOADS,
  'controllerrevisions',
  'daemonsets/status',
  'deployments/status',
  'replicasets/status',
  'statefulsets/status',
];

const DISCOVERY_PATHS = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
];
const PUBLIC_PATHS = ['/healthz', '/livez', '/readyz', '/version', '/version/'];
const ISSUER_PATHS = [
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/',
  '/openid/v1/jwks',
  '/openid/v1/jwks/',
];

const ROLES: readonly KubeObject[] = [
  role('cluster-admin', [rule(['*'], ['*'], ['*']), { verbs: ['*'], nonResourceURLs: ['*'] }]),
  role('admin', [], {}, 'admin'),
  role('edit', [], { [`${AGGREGATE}admin`]: 'true' }, 'edit'),
  role('view', [], { [`${AGGREGATE}edit`]: 'true' }, 'view'),
  role(
    'system:aggregate-to-admin',
    [
      rule(['create'], ['authorization.k8s.io'], ['localsubjectaccessreviews']),
      rule(ALL, ['rbac.authorization.k8s.io'], ['roles', 'rolebindings']),
    ],
    { [`${AGGREGATE}admin`]: 'true' },
  ),
  role(
    'system:aggregate-to-edit',
    [
      rule(READ, [''], ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets']),
      rule(['create'], [''], ['pods/attach', 'pods/exec', 'pods/eviction', 'serviceaccounts/token']),
      rule(['impersonate'], [''], ['serviceaccounts']),
      rule(WRITE, [''], CORE_EDIT),
      rule(WRITE, ['apps'], [...WORKLOADS, 'deployments/rollback']),
      rule(WRITE, ['autoscaling'], ['horizontalpodautoscalers']),
      rule(WRITE, ['batch'], ['cronjobs', 'jobs']),
      rule(WRITE, ['policy'], ['poddisruptionbudgets']),
      rule(WRITE, ['networking.k8s.io'], ['ingresses', 'networkpolicies']),
      rule(ALL, ['coordination.k8s.io'], ['leases']),
    ],
    { [`${AGGREGATE}edit`]: 'true' },
  ),
  role(
    'system:aggregate-to-view',
    [
      rule(READ, [''], CORE_VIEW),
      rule(READ, ['discovery.k8s.io'], ['endpointslices']),
      rule(READ, ['apps'], WORKLOADS_STATUS),
      rule(READ, ['autoscaling'], ['horizontalpodautoscalers', 'horizontalpodautoscalers/status']),
      rule(READ, ['batch'], ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status']),
      rule(READ, ['policy'], ['poddisruptionbudgets', 'poddisruptionbudgets/status']),
      rule(READ, ['networking.k8s.io'], ['ingresses', 'ingresses/status', 'networkpolicies']),
      rule(READ, ['events.k8s.io'], ['events']),
    ],
    { [`${AGGREGATE}view`]: 'true' },
  ),
  role('system:basic-user', [
    rule(['create'], ['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews']),
    rule(['create'], ['authentication.k8s.io'], ['selfsubjectreviews']),
  ]),
  role('system:discovery', [{ verbs: ['get'], nonResourceURLs: DISCOVERY_PATHS }]),
  role('system:public-info-viewer', [{ verbs: ['get'], nonResourceURLs: PUBLIC_PATHS }]),
  role('system:service-account-issuer-discovery', [{ verbs: ['get'], nonResourceURLs: ISSUER_PATHS }]),
  role('system:auth-delegator', [
    rule(['create'], ['authentication.k8s.io'], ['tokenreviews']),
    rule(['create'], ['authorization.k8s.io'], ['subjectaccessreviews']),
  ]),
  role('system:node', [
    rule(['create'], ['authentication.k8s.io'], ['tokenreviews']),
    rule(['create'], ['authorization.k8s.io'], ['localsubjectaccessreviews', 'subjectaccessreviews']),
    rule(READ, [''], ['services', 'configmaps', 'secrets', 'pods', 'nodes', 'serviceaccounts']),
    rule(['create', 'delete', 'patch', 'update'], [''], ['nodes', 'nodes/status', 'pods', 'pods/status', 'events']),
    rule(['create'], [''], ['pods/eviction', 'serviceaccounts/token']),
    rule(ALL, ['coordination.k8s.io'], ['leases']),
    rule(READ, ['storage.k8s.io'], ['csidrivers']),
    rule(ALL, ['storage.k8s.io'], ['csinodes']),
    rule(['create', 'patch', 'update'], ['events.k8s.io'], ['events']),
  ]),
];

const BINDINGS: readonly KubeObject[] = [
  binding('cluster-admin', 'cluster-admin', ['system:masters']),
  binding('system:basic-user', 'system:basic-user', ['system:authenticated']),
  binding('system:discovery', 'system:discovery', ['system:authenticated']),
  binding('system:public-info-viewer', 'system:public-info-viewer', ['system:authenticated', 'system:unauthenticated']),
  binding('system:service-account-issuer-discovery', 'system:service-account-issuer-discovery', [
    'system:serviceaccounts',
  ]),
];

/**
 * The roles and bindings that a cluster begins with (Kubernetes documentation, "Using RBAC Authorization", default
 * roles), for the kinds that are served here.
 */
export const BOOTSTRAP_ROLES: readonly KubeObject[] = [...ROLES, ...BINDINGS];
