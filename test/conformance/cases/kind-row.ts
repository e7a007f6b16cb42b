import { workloadSpec } from '../support/case.ts';

/** One object of a kind, for tables of cases. */
export interface Row {
  /** Only tried, not stored: it would change what other cases see in the namespace. */
  readonly dry?: true;
  readonly id: string;
  readonly claim: string;
  readonly resource: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly body: (name: string) => object;
}

/** A container that does nothing, for ever. */
export const containers = [{ name: 'main', image: 'registry.k8s.io/pause:3.10' }];
/** What a Job makes pods from. */
export const jobTemplate = { spec: { template: { spec: { containers, restartPolicy: 'Never' } } } };
/** A workload of no pods, with more in its spec. */
export const workload = (more: object) => (name: string) => ({ spec: { ...workloadSpec(name), ...more } });
/** An object of a spec. */
export const spec = (value: object) => () => ({ spec: value });

// Where the objects of each kind are, and what they say of themselves.

/** Deployment. */
export const DEPLOYMENT = { resource: 'apps/v1/deployments', apiVersion: 'apps/v1', kind: 'Deployment' };
/** Replica Set. */
export const REPLICA_SET = { resource: 'apps/v1/replicasets', apiVersion: 'apps/v1', kind: 'ReplicaSet' };
/** Stateful Set. */
export const STATEFUL_SET = { resource: 'apps/v1/statefulsets', apiVersion: 'apps/v1', kind: 'StatefulSet' };
/** Daemon Set. */
export const DAEMON_SET = { resource: 'apps/v1/daemonsets', apiVersion: 'apps/v1', kind: 'DaemonSet' };
/** Job. */
export const JOB = { resource: 'batch/v1/jobs', apiVersion: 'batch/v1', kind: 'Job' };
/** Cron Job. */
export const CRON_JOB = { resource: 'batch/v1/cronjobs', apiVersion: 'batch/v1', kind: 'CronJob' };
/** Service. */
export const SERVICE = { resource: 'services', apiVersion: 'v1', kind: 'Service' };
/** Pod. */
export const POD = { resource: 'pods', apiVersion: 'v1', kind: 'Pod' };
/** Secret. */
export const SECRET = { resource: 'secrets', apiVersion: 'v1', kind: 'Secret' };
/** Budget. */
export const BUDGET = {
  resource: 'policy/v1/poddisruptionbudgets',
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
};
/** Network Policy. */
export const NETWORK_POLICY = {
  resource: 'networking.k8s.io/v1/networkpolicies',
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
};
/** Ingress. */
export const INGRESS = {
  resource: 'networking.k8s.io/v1/ingresses',
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
};
/** Priority Class. */
export const PRIORITY_CLASS = {
  resource: '/scheduling.k8s.io/v1/priorityclasses',
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
};
/** Autoscaler. */
export const AUTOSCALER = {
  resource: 'autoscaling/v2/horizontalpodautoscalers',
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
};
/** Limit Range. */
export const LIMIT_RANGE = { resource: 'limitranges', apiVersion: 'v1', kind: 'LimitRange' };
/** Claim. */
export const CLAIM = { resource: 'persistentvolumeclaims', apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
/** Webhooks. */
export const WEBHOOKS = {
  resource: '/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
};
