// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { answered, eventually, refused, workloadSpec, type Case } from '../support/case.ts';
import type { Body } from '../support/cluster-client.ts';

interface Row {
  /** Only tried, not stored: it would change what other cases see in the namespace. */
  readonly dry?: true;
  readonly id: string;
  readonly claim: string;
  readonly resource: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly body: (name: string) => object;
}

const containers = [{ name: 'main', image: 'registry.k8s.io/pause:3.10' }];
const jobTemplate = { spec: { template: { spec: { containers, restartPolicy: 'Never' } } } };
const workload = (more: object) => (name: string) => ({ spec: { ...workloadSpec(name), ...more } });
const spec = (value: object) => () => ({ spec: value });

const DEPLOYMENT = { resource: 'apps/v1/deployments', apiVersion: 'apps/v1', kind: 'Deployment' };
const REPLICA_SET = { resource: 'apps/v1/replicasets', apiVersion: 'apps/v1', kind: 'ReplicaSet' };
const STATEFUL_SET = { resource: 'apps/v1/statefulsets', apiVersion: 'apps/v1', kind: 'StatefulSet' };
const DAEMON_SET = { resource: 'apps/v1/daemonsets', apiVersion: 'apps/v1', kind: 'DaemonSet' };
const JOB = { resource: 'batch/v1/jobs', apiVersion: 'batch/v1', kind: 'Job' };
const CRON_JOB = { resource: 'batch/v1/cronjobs', apiVersion: 'batch/v1', kind: 'CronJob' };
const SERVICE = { resource: 'services', apiVersion: 'v1', kind: 'Service' };
const POD = { resource: 'pods', apiVersion: 'v1', kind: 'Pod' };
const SECRET = { resource: 'secrets', apiVersion: 'v1', kind: 'Secret' };
const BUDGET = { resource: 'policy/v1/poddisruptionbudgets', apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' };
const NETWORK_POLICY = {
  resource: 'networking.k8s.io/v1/networkpolicies',
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
};
const INGRESS = { resource: 'networking.k8s.io/v1/ingresses', apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' };
const PRIORITY_CLASS = {
  resource: '/scheduling.k8s.io/v1/priorityclasses',
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
};
const AUTOSCALER = {
  resource: 'autoscaling/v2/horizontalpodautoscalers',
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
};
const LIMIT_RANGE = { resource: 'limitranges', apiVersion: 'v1', kind: 'LimitRange' };
const CLAIM = { resource: 'persistentvolumeclaims', apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
const WEBHOOKS = {
  resource: '/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
};

/** What is filled in where a client says nothing (API reference of each kind). */
const DEFAULTS: readonly (Row & { readonly filled: object })[] = [
  {
    id: 'deployment',
    claim: 'a Deployment rolls by a quarter',
    ...DEPLOYMENT,
    body: workload({}),
    filled: {
      spec: {
        replicas: 0,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      },
    },
  },
  {
    id: 'pod-template',
    claim: 'pods restart always, resolve names in the cluster, and have thirty seconds to end',
    ...DEPLOYMENT,
    body: workload({}),
    filled: {
      spec: {
        template: {
          spec: {
            restartPolicy: 'Always',
            dnsPolicy: 'ClusterFirst',
            schedulerName: 'default-scheduler',
            terminationGracePeriodSeconds: 30,
            securityContext: {},
            containers: [
              {
                imagePullPolicy: 'IfNotPresent',
                terminationMessagePath: '/dev/termination-log',
                terminationMessagePolicy: 'File',
              },
            ],
          },
        },
      },
    },
  },
  {
    id: 'replica-set',
    claim: 'a ReplicaSet has the replicas that it says',
    ...REPLICA_SET,
    body: workload({}),
    filled: { spec: { replicas: 0 } },
  },
  {
    id: 'stateful-set',
    claim: 'a StatefulSet starts pods in their order and keeps their claims',
    ...STATEFUL_SET,
    body: workload({ serviceName: 'none' }),
    filled: {
      spec: {
        podManagementPolicy: 'OrderedReady',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      },
    },
  },
  {
    id: 'daemon-set',
    claim: 'a DaemonSet replaces one pod at a time',
    ...DAEMON_SET,
    body: (name) => ({
      spec: {
        selector: workloadSpec(name).selector,
        template: {
          ...workloadSpec(name).template,
          spec: { containers, nodeSelector: { 'example.com/nowhere': 'true' } },
        },
      },
    }),
    filled: {
      spec: {
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
        revisionHistoryLimit: 10,
      },
    },
  },
  {
    id: 'job',
    claim: 'a Job is done once, and tried again six times',
    ...JOB,
    body: spec({ ...jobTemplate.spec, suspend: true }),
    filled: { spec: { completions: 1, parallelism: 1, backoffLimit: 6, completionMode: 'NonIndexed' } },
  },
  {
    id: 'cron-job',
    claim: 'a CronJob’s jobs overlap, and few of them are kept',
    ...CRON_JOB,
    body: spec({ schedule: '0 0 1 1 *', jobTemplate }),
    filled: {
      spec: { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
    },
  },
  {
    id: 'service',
    claim: 'a Service gets an address, and its ports lead to themselves',
    ...SERVICE,
    body: spec({ ports: [{ port: 80 }] }),
    filled: {
      spec: {
        type: 'ClusterIP',
        sessionAffinity: 'None',
        clusterIP: expect.stringMatching(/^[0-9a-f.:]+$/),
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      },
    },
  },
  {
    id: 'service-headless',
    claim: 'a headless Service has none',
    ...SERVICE,
    body: spec({ clusterIP: 'None', ports: [{ port: 80 }] }),
    filled: { spec: { clusterIP: 'None', clusterIPs: ['None'] } },
  },
  {
    id: 'service-node-port',
    claim: 'a NodePort gets a port of the range',
    ...SERVICE,
    body: spec({ type: 'NodePort', ports: [{ port: 80 }] }),
    filled: { spec: { externalTrafficPolicy: 'Cluster', ports: [{ nodePort: expect.any(Number) }] } },
  },
  {
    id: 'secret',
    claim: 'a Secret is opaque',
    ...SECRET,
    body: () => ({ data: { a: 'Yg==' } }),
    filled: { type: 'Opaque' },
  },
  {
    id: 'network-policy',
    claim: 'a NetworkPolicy is about what comes in',
    ...NETWORK_POLICY,
    body: spec({ podSelector: {} }),
    filled: { spec: { policyTypes: ['Ingress'] } },
  },
  {
    id: 'network-policy-egress',
    claim: 'and about what goes out where it has such rules',
    ...NETWORK_POLICY,
    body: spec({ podSelector: {}, egress: [{ ports: [{ port: 53 }] }] }),
    filled: { spec: { policyTypes: ['Ingress', 'Egress'], egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }] } },
  },
  {
    id: 'priority-class',
    claim: 'pods of a PriorityClass displace others',
    ...PRIORITY_CLASS,
    body: () => ({ value: 7 }),
    filled: { preemptionPolicy: 'PreemptLowerPriority' },
  },
  {
    id: 'autoscaler',
    claim: 'an autoscaler keeps one pod at eighty percent',
    ...AUTOSCALER,
    body: spec({ maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' } }),
    filled: {
      spec: {
        minReplicas: 1,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
        ],
      },
    },
  },
  {
    id: 'limit-range',
    dry: true,
    claim: 'limits of containers follow from each other',
    ...LIMIT_RANGE,
    body: spec({ limits: [{ type: 'Container', max: { memory: '64Gi' } }] }),
    filled: { spec: { limits: [{ default: { memory: '64Gi' }, defaultRequest: { memory: '64Gi' } }] } },
  },
  {
    id: 'claim',
    claim: 'a claim is for a file system, and waits',
    ...CLAIM,
    body: spec({ accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '1Gi' } } }),
    filled: { spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } },
  },
  {
    id: 'webhooks',
    claim: 'a webhook fails closed after ten seconds',
    ...WEBHOOKS,
    body: (name) => ({
      webhooks: [
        {
          name: `${name}.example.com`,
          clientConfig: { url: 'https://127.0.0.1:9' },
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          rules: [
            { operations: ['CREATE'], apiGroups: ['none.example.com'], apiVersions: ['v1'], resources: ['nothings'] },
          ],
        },
      ],
    }),
    filled: {
      webhooks: [{ failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 10, rules: [{ scope: '*' }] }],
    },
  },
];

/** What is wrong with objects, in the words of Kubernetes. */
const REFUSALS: readonly (Row & { readonly field: string; readonly message: string })[] = [
  {
    id: 'no-containers',
    claim: 'a pod has containers',
    ...POD,
    body: spec({ containers: [] }),
    field: 'spec.containers',
    message: 'Required value',
  },
  {
    id: 'no-image',
    claim: 'a container has an image',
    ...POD,
    body: spec({ containers: [{ name: 'main' }] }),
    field: 'spec.containers[0].image',
    message: 'Required value',
  },
  {
    id: 'two-containers',
    claim: 'containers have different names',
    ...POD,
    body: spec({ containers: [...containers, ...containers] }),
    field: 'spec.containers[1].name',
    message: 'Duplicate value: "main"',
  },
  {
    id: 'no-volume',
    claim: 'a mounted volume exists',
    ...POD,
    body: spec({ containers: [{ ...containers[0], volumeMounts: [{ name: 'none', mountPath: '/none' }] }] }),
    field: 'spec.containers[0].volumeMounts[0].name',
    message: 'Not found: "none"',
  },
  {
    id: 'restart-policy',
    claim: 'a restart policy is one of three',
    ...POD,
    body: spec({ containers, restartPolicy: 'Maybe' }),
    field: 'spec.restartPolicy',
    message: 'Unsupported value: "Maybe"',
  },
  {
    id: 'selector-template',
    claim: 'a Deployment selects its own pods',
    ...DEPLOYMENT,
    body: workload({ selector: { matchLabels: { app: 'other' } } }),
    field: 'spec.template.metadata.labels',
    message: '`selector` does not match template `labels`',
  },
  {
    id: 'selector-missing',
    claim: 'a Deployment has a selector',
    ...DEPLOYMENT,
    body: (name) => ({ spec: { ...workloadSpec(name), selector: undefined } }),
    field: 'spec.selector',
    message: 'Required value',
  },
  {
    id: 'selector-empty',
    claim: 'and not an empty one',
    ...STATEFUL_SET,
    body: workload({ selector: {} }),
    field: 'spec.selector',
    message: 'empty selector is invalid for statefulset',
  },
  {
    id: 'replicas',
    claim: 'replicas are not negative',
    ...DEPLOYMENT,
    body: workload({ replicas: -1 }),
    field: 'spec.replicas',
    message: 'must be greater than or equal to 0',
  },
  {
    id: 'recreate',
    claim: 'who recreates does not roll',
    ...DEPLOYMENT,
    body: workload({ strategy: { type: 'Recreate', rollingUpdate: {} } }),
    field: 'spec.strategy.rollingUpdate',
    message: "may not be specified when strategy `type` is 'Recreate'",
  },
  {
    id: 'job-restart',
    claim: 'a Job’s pods do not restart always',
    ...JOB,
    body: spec({ template: { spec: { containers } } }),
    field: 'spec.template.spec.restartPolicy',
    message: 'Required value: valid values: "OnFailure", "Never"',
  },
  {
    id: 'schedule',
    claim: 'a schedule has five fields',
    ...CRON_JOB,
    body: spec({ schedule: 'now', jobTemplate }),
    field: 'spec.schedule',
    message: 'expected exactly 5 fields, found 1: [now]',
  },
  {
    id: 'service-ports',
    claim: 'a Service has ports',
    ...SERVICE,
    body: spec({}),
    field: 'spec.ports',
    message: 'Required value',
  },
  {
    id: 'service-port-names',
    claim: 'several ports have names',
    ...SERVICE,
    body: spec({ ports: [{ name: 'a', port: 1 }, { port: 2 }] }),
    field: 'spec.ports[1].name',
    message: 'Required value',
  },
  {
    id: 'service-port',
    claim: 'a port is one',
    ...SERVICE,
    body: spec({ ports: [{ port: 99_999, targetPort: 1 }] }),
    field: 'spec.ports[0].port',
    message: 'must be between 1 and 65535, inclusive',
  },
  {
    id: 'service-node-port',
    claim: 'a node port is of the range',
    ...SERVICE,
    body: spec({ type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }),
    field: 'spec.ports[0].nodePort',
    message: 'provided port is not in the valid range',
  },
  {
    id: 'budget',
    claim: 'a budget has one limit',
    ...BUDGET,
    body: spec({ minAvailable: 1, maxUnavailable: 1 }),
    field: 'spec',
    message: 'minAvailable and maxUnavailable cannot be both set',
  },
  {
    id: 'ingress',
    claim: 'an Ingress leads somewhere',
    ...INGRESS,
    body: spec({}),
    field: 'spec',
    message: 'either `defaultBackend` or `rules` must be specified',
  },
  {
    id: 'ingress-path-type',
    claim: 'a path says how it is read',
    ...INGRESS,
    body: spec({
      rules: [{ http: { paths: [{ path: '/', backend: { service: { name: 'a', port: { number: 1 } } } }] } }],
    }),
    field: 'spec.rules[0].http.paths[0].pathType',
    message: 'pathType must be specified',
  },
  {
    id: 'priority',
    claim: 'the highest priorities are the system’s',
    ...PRIORITY_CLASS,
    body: () => ({ value: 2_000_000_000 }),
    field: 'value',
    message: 'maximum allowed value of a user defined priority is 1000000000',
  },
  {
    id: 'webhook-name',
    claim: 'a webhook has a name of three parts',
    ...WEBHOOKS,
    body: () => ({
      webhooks: [
        {
          name: 'short',
          clientConfig: { url: 'https://127.0.0.1:9' },
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
        },
      ],
    }),
    field: 'webhooks[0].name',
    message: 'should be a domain with at least three segments separated by dots',
  },
  {
    id: 'tls-secret',
    claim: 'a TLS Secret has a certificate and a key',
    ...SECRET,
    body: () => ({ type: 'kubernetes.io/tls', data: {} }),
    field: 'data[tls.crt]',
    message: 'Required value',
  },
  {
    id: 'claim-modes',
    claim: 'a claim has access modes',
    ...CLAIM,
    body: spec({ resources: { requests: { storage: '1Gi' } } }),
    field: 'spec.accessModes',
    message: 'at least 1 access mode is required',
  },
];

/** What cannot change once an object is there. */
const FIXED: readonly (Row & { readonly patch: object; readonly message: string })[] = [
  {
    id: 'deployment-selector',
    claim: 'a Deployment keeps its selector',
    ...DEPLOYMENT,
    body: workload({}),
    patch: { spec: { selector: { matchLabels: { more: 'x' } }, template: { metadata: { labels: { more: 'x' } } } } },
    message: 'field is immutable',
  },
  {
    id: 'stateful-set-service',
    claim: 'a StatefulSet keeps its service',
    ...STATEFUL_SET,
    body: workload({ serviceName: 'a' }),
    patch: { spec: { serviceName: 'b' } },
    message: 'updates to statefulset spec for fields other than',
  },
  {
    id: 'job-template',
    claim: 'a Job keeps its template',
    ...JOB,
    body: spec(jobTemplate.spec),
    patch: { spec: { template: { spec: { terminationGracePeriodSeconds: 7 } } } },
    message: 'field is immutable',
  },
  {
    id: 'service-address',
    claim: 'a Service keeps its address',
    ...SERVICE,
    body: spec({ ports: [{ port: 80 }] }),
    patch: { spec: { clusterIP: 'None', clusterIPs: ['None'] } },
    message: 'may not change once set',
  },
  {
    id: 'secret-type',
    claim: 'a Secret keeps its type',
    ...SECRET,
    body: () => ({}),
    patch: { type: 'example.com/other' },
    message: 'field is immutable',
  },
  {
    id: 'priority-value',
    claim: 'a PriorityClass keeps its value',
    ...PRIORITY_CLASS,
    body: () => ({ value: 7 }),
    patch: { value: 8 },
    message: 'may not be changed in an update.',
  },
  {
    id: 'pod-spec',
    claim: 'a pod keeps most of its spec',
    ...POD,
    body: spec({ containers, nodeSelector: { 'example.com/nowhere': 'true' } }),
    patch: { spec: { hostNetwork: true } },
    message: 'pod updates may not change fields other than',
  },
];

const SERVICE_CLASSES: readonly [string, object, string][] = [
  ['nothing', {}, 'BestEffort'],
  ['request', { requests: { cpu: '1m' } }, 'Burstable'],
  ['limit', { limits: { memory: '64Mi' } }, 'Burstable'],
  ['limits', { limits: { cpu: '1', memory: '64Mi' } }, 'Guaranteed'],
  ['equal', { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '1000m', memory: '65536Ki' } }, 'Guaranteed'],
];

const objectOf = ({ apiVersion, kind, body }: Row, name: string): Body => ({
  apiVersion,
  kind,
  metadata: { name },
  ...body(name),
});

/** Kinds: what is filled in, refused and fixed. */
export const KIND_CASES: readonly Case[] = [
  ...DEFAULTS.map((row): Case => ({
    id: `kinds/default-${row.id}`,
    claim: row.claim,
    run: async ({ create, cleanUp, path, name }) => {
      const one = name('keyferry-conformance');
      const made = answered(await create(row.resource, objectOf(row, one), row.dry === true ? 'dryRun=All' : ''), 201);
      if (row.resource.startsWith('/')) cleanUp(path(row.resource, one));
      expect(made).toMatchObject(row.filled);
    },
  })),
  ...REFUSALS.map((row): Case => ({
    id: `kinds/refuse-${row.id}`,
    claim: row.claim,
    run: async ({ create, name }) => {
      const one = name('keyferry-conformance');
      const status = refused(await create(row.resource, objectOf(row, one)), 422, 'Invalid', row.message);
      expect(status.details).toMatchObject({ name: one, kind: row.kind });
      expect(status.details.causes.map((cause: Body) => cause.field as string)).toContain(row.field);
    },
  })),
  ...FIXED.map((row): Case => ({
    id: `kinds/fixed-${row.id}`,
    claim: row.claim,
    run: async ({ create, patch, cleanUp, path, name }) => {
      const one = name('keyferry-conformance');
      answered(await create(row.resource, objectOf(row, one)), 201);
      if (row.resource.startsWith('/')) cleanUp(path(row.resource, one));
      refused(await patch(row.resource, one, 'merge', row.patch), 422, 'Invalid', row.message);
    },
  })),
  {
    id: 'kinds/job-labels',
    claim: 'a Job’s pods carry its name and uid',
    run: async ({ create, name }) => {
      const one = name();
      const body = {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: one },
        spec: { ...jobTemplate.spec, suspend: true },
      };
      const made = answered(await create('batch/v1/jobs', body), 201);
      expect(made.spec.selector.matchLabels).toEqual({ 'batch.kubernetes.io/controller-uid': made.metadata.uid });
      expect(made.spec.template.metadata.labels).toMatchObject({
        'batch.kubernetes.io/job-name': one,
        'job-name': one,
        'controller-uid': made.metadata.uid,
      });
    },
  },
  {
    id: 'kinds/service-kubernetes',
    claim: 'the API server has a Service',
    run: async ({ call }) => {
      const answer = await call({ method: 'GET', path: '/api/v1/namespaces/default/services/kubernetes' });
      expect(answered(answer, 200).spec).toMatchObject({ type: 'ClusterIP', ports: [{ name: 'https', port: 443 }] });
    },
  },
  {
    id: 'kinds/priority-system',
    claim: 'the system’s own PriorityClasses are there',
    run: async ({ call }) => {
      const answer = await call({
        method: 'GET',
        path: '/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical',
      });
      expect(answered(answer, 200).value).toBe(2_000_001_000);
    },
  },
  {
    id: 'kinds/pod-priority',
    claim: 'a pod gets the number of its PriorityClass',
    run: async ({ create, cleanUp, path, name }) => {
      const one = name('keyferry-conformance');
      const priority = {
        apiVersion: PRIORITY_CLASS.apiVersion,
        kind: PRIORITY_CLASS.kind,
        metadata: { name: one },
        value: 42,
      };
      answered(await create(PRIORITY_CLASS.resource, priority), 201);
      cleanUp(path(PRIORITY_CLASS.resource, one));
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: one },
        spec: { containers, priorityClassName: one, nodeSelector: { 'example.com/nowhere': 'true' } },
      };
      expect(answered(await create('pods', pod), 201).spec).toMatchObject({
        priority: 42,
        preemptionPolicy: 'PreemptLowerPriority',
      });
    },
  },
  ...SERVICE_CLASSES.map(([id, resources, expected]): Case => ({
    id: `kinds/qos-${id}`,
    claim: `a pod is ${expected} where its containers say ${JSON.stringify(resources)}`,
    run: async ({ create, name }) => {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: name() },
        spec: { containers: [{ ...containers[0], resources }], nodeSelector: { 'example.com/nowhere': 'true' } },
      };
      expect(answered(await create('pods', pod), 201).status.qosClass).toBe(expected);
    },
  })),
  {
    id: 'kinds/requests',
    claim: 'a limit is a request too',
    run: async ({ create, name }) => {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: name() },
        spec: {
          containers: [{ ...containers[0], resources: { limits: { memory: '64Mi' } } }],
          nodeSelector: { 'example.com/nowhere': 'true' },
        },
      };
      const made = answered(await create('pods', pod), 201);
      expect(made.spec.containers[0].resources.requests).toEqual({ memory: '64Mi' });
    },
  },
  {
    id: 'kinds/endpoints-deprecated',
    claim: 'Endpoints are deprecated, and a warning says so',
    run: async ({ list }) => {
      const answer = await list('endpoints');
      answered(answer, 200);
      expect(answer.headers['warning']).toContain(
        'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
      );
    },
  },
  {
    id: 'kinds/default-account',
    claim: 'a namespace has a service account and the cluster’s certificate',
    run: async ({ get }) => {
      answered(await get('serviceaccounts', 'default'), 200);
      expect(answered(await get('configmaps', 'kube-root-ca.crt'), 200).data['ca.crt']).toContain('BEGIN CERTIFICATE');
    },
  },
  {
    id: 'kinds/webhook-called',
    claim: 'a webhook that nobody answers fails what it is asked about',
    run: async ({ call, create, cleanUp, path, name, namespace }) => {
      const one = name('keyferry-conformance');
      const webhook = {
        name: `${one}.example.com`,
        clientConfig: { url: 'https://127.0.0.1:9/never' },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 1,
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        objectSelector: { matchLabels: { ask: one } },
      };
      const body = {
        apiVersion: WEBHOOKS.apiVersion,
        kind: WEBHOOKS.kind,
        metadata: { name: one },
        webhooks: [webhook],
      };
      answered(await create(WEBHOOKS.resource, body), 201);
      cleanUp(path(WEBHOOKS.resource, one));
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { labels: { ask: one } } };
      const tryIt = (query: string) =>
        call({
          method: 'POST',
          path: path('configmaps', '', query),
          body: { ...map, metadata: { ...map.metadata, generateName: one } },
        });
      const answer = await eventually(
        () => tryIt('dryRun=All'),
        ({ code }) => code === 500,
      );
      refused(answer, 500, 'InternalError', `failed calling webhook "${one}.example.com"`);
    },
  },
  {
    id: 'kinds/quota-enforced',
    claim: 'a ResourceQuota limits how many objects there are',
    run: async ({ call, cleanUp, name }) => {
      const namespace = name('keyferry-conformance-quota');
      const path = (resource: string) => `/api/v1/namespaces/${namespace}/${resource}`;
      cleanUp(`/api/v1/namespaces/${namespace}`);
      answered(
        await call({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } }),
        201,
      );
      const quota = {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'q' },
        spec: { hard: { secrets: '0' } },
      };
      answered(await call({ method: 'POST', path: path('resourcequotas'), body: quota }), 201);
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };
      refused(
        await call({ method: 'POST', path: path('secrets'), body: secret }),
        403,
        'Forbidden',
        'exceeded quota: q',
      );
    },
  },
  {
    id: 'kinds/limit-range-fills',
    claim: 'a LimitRange fills in what containers leave out',
    run: async ({ call, cleanUp, name }) => {
      const namespace = name('keyferry-conformance-limits');
      const path = (resource: string) => `/api/v1/namespaces/${namespace}/${resource}`;
      cleanUp(`/api/v1/namespaces/${namespace}`);
      answered(
        await call({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } }),
        201,
      );
      answered(await call({ method: 'POST', path: path('serviceaccounts'), body: { metadata: { name: 'own' } } }), 201);
      const limits = [{ type: 'Container', default: { memory: '64Mi' } }];
      answered(
        await call({ method: 'POST', path: path('limitranges'), body: { metadata: { name: 'l' }, spec: { limits } } }),
        201,
      );
      const body = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { containers, serviceAccountName: 'own' },
      };
      const pod = answered(await call({ method: 'POST', path: path('pods'), body }), 201);
      expect(pod.spec.containers[0].resources).toMatchObject({ limits: { memory: '64Mi' } });
    },
  },
];
