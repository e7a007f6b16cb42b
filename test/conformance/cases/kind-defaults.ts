// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { workloadSpec } from '../support/case.ts';
import {
  containers,
  jobTemplate,
  workload,
  spec,
  DEPLOYMENT,
  REPLICA_SET,
  STATEFUL_SET,
  DAEMON_SET,
  JOB,
  CRON_JOB,
  SERVICE,
  POD,
  SECRET,
  NETWORK_POLICY,
  PRIORITY_CLASS,
  AUTOSCALER,
  LIMIT_RANGE,
  CLAIM,
  WEBHOOKS,
  type Row,
} from './kind-row.ts';

/** What is filled in where a client says nothing (API reference of each kind). */
export const DEFAULTS: readonly (Row & { readonly filled: object })[] = [
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
    id: 'pod-tolerations',
    claim: 'a pod stays for five minutes on a node that is away, but for taints that it says something of',
    ...POD,
    dry: true,
    body: spec({
      containers,
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 },
      ],
    }),
    filled: {
      spec: {
        tolerations: [
          { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 },
          { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        ],
      },
    },
  },
  {
    id: 'pod-gated',
    claim: 'a pod with a scheduling gate says that it is held back',
    ...POD,
    dry: true,
    body: spec({ containers, schedulingGates: [{ name: 'example.com/wait' }] }),
    filled: {
      status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    },
  },
  {
    id: 'pod-host-ports',
    claim: 'a pod on the network of the node has ports of the node',
    ...POD,
    dry: true,
    body: spec({
      hostNetwork: true,
      containers: containers.map((container) => ({ ...container, ports: [{ containerPort: 80 }] })),
    }),
    filled: { spec: { containers: [{ ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] }] } },
  },
  {
    id: 'quantities',
    claim: 'quantities come back in their canonical form',
    ...POD,
    dry: true,
    body: spec({
      containers: containers.map((container) => ({
        ...container,
        resources: { requests: { cpu: 0.5, memory: '1024Mi' }, limits: { cpu: '2000m', memory: '1.5Gi' } },
      })),
    }),
    filled: {
      spec: {
        containers: [
          { resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '2', memory: '1536Mi' } } },
        ],
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
