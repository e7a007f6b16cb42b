import { textOf, isRecord, listOf, recordOf, type JsonRecord } from '../json.ts';

/** A pod's spec with what Kubernetes fills in (pkg/apis/core/v1 defaults.go), for pods and for pod templates. */
export function withPodDefaults(spec: JsonRecord): JsonRecord {
  const account = spec['serviceAccountName'] ?? spec['serviceAccount'];
  return {
    ...spec,
    ...(account === undefined ? {} : { serviceAccountName: account, serviceAccount: account }),
    ...(Array.isArray(spec['containers']) ? { containers: mapRecords(spec['containers'], withContainerDefaults) } : {}),
    ...(Array.isArray(spec['initContainers'])
      ? { initContainers: mapRecords(spec['initContainers'], withContainerDefaults) }
      : {}),
    ...(Array.isArray(spec['volumes']) ? { volumes: mapRecords(spec['volumes'], withVolumeDefaults) } : {}),
    restartPolicy: spec['restartPolicy'] ?? 'Always',
    dnsPolicy: spec['dnsPolicy'] ?? 'ClusterFirst',
    schedulerName: spec['schedulerName'] ?? 'default-scheduler',
    securityContext: spec['securityContext'] ?? {},
    terminationGracePeriodSeconds: graceSeconds(spec['terminationGracePeriodSeconds']),
    ...(spec['enableServiceLinks'] === undefined ? { enableServiceLinks: true } : {}),
  };
}

/** Thirty seconds where nothing is said; below zero means at once, which is written as 1 (since Kubernetes 1.21). */
function graceSeconds(asked: unknown): unknown {
  return typeof asked === 'number' && asked < 0 ? 1 : (asked ?? 30);
}

function mapRecords(list: unknown, change: (item: JsonRecord) => JsonRecord): unknown[] {
  return listOf(list).map((item) => (isRecord(item) ? change(item) : item));
}

function withContainerDefaults(container: JsonRecord): JsonRecord {
  const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'].filter((field) => isRecord(container[field]));
  return {
    ...container,
    ...Object.fromEntries(probes.map((field) => [field, withProbeDefaults(recordOf(container[field]))])),
    ...(Array.isArray(container['ports'])
      ? { ports: mapRecords(container['ports'], (port) => ({ protocol: 'TCP', ...port })) }
      : {}),
    ...(Array.isArray(container['env']) ? { env: mapRecords(container['env'], withEnvDefaults) } : {}),
    ...(isRecord(container['lifecycle']) ? { lifecycle: withHookDefaults(container['lifecycle']) } : {}),
    imagePullPolicy: container['imagePullPolicy'] ?? pullPolicyOf(textOf(container['image'])),
    resources: container['resources'] ?? {},
    terminationMessagePath: container['terminationMessagePath'] ?? '/dev/termination-log',
    terminationMessagePolicy: container['terminationMessagePolicy'] ?? 'File',
  };
}

function pullPolicyOf(image: string): string {
  const lastPart = image.slice(image.lastIndexOf('/') + 1);
  const [beforeDigest = '', digest] = lastPart.split('@');
  const tag = beforeDigest.split(':')[1];
  return digest === undefined && (tag === undefined || tag === 'latest') ? 'Always' : 'IfNotPresent';
}

function withEnvDefaults(env: JsonRecord): JsonRecord {
  const source = env['valueFrom'];
  return isRecord(source) ? { ...env, valueFrom: withFieldRefDefaults(source) } : env;
}

/** A field of the pod is one of version v1 of its kind. */
function withFieldRefDefaults(source: JsonRecord): JsonRecord {
  const { fieldRef } = source;
  return isRecord(fieldRef) ? { ...source, fieldRef: { apiVersion: 'v1', ...fieldRef } } : source;
}

function withHookDefaults(lifecycle: JsonRecord): JsonRecord {
  const hooks = ['postStart', 'preStop'].filter((field) => isRecord(lifecycle[field]));
  return {
    ...lifecycle,
    ...Object.fromEntries(hooks.map((field) => [field, withHttpDefaults(recordOf(lifecycle[field]))])),
  };
}

function withHttpDefaults(handler: JsonRecord): JsonRecord {
  const { httpGet } = handler;
  return isRecord(httpGet) ? { ...handler, httpGet: { path: '/', scheme: 'HTTP', ...httpGet } } : handler;
}

function withProbeDefaults(probe: JsonRecord): JsonRecord {
  return {
    ...withHttpDefaults(probe),
    timeoutSeconds: probe['timeoutSeconds'] ?? 1,
    periodSeconds: probe['periodSeconds'] ?? 10,
    successThreshold: probe['successThreshold'] ?? 1,
    failureThreshold: probe['failureThreshold'] ?? 3,
  };
}

const DEFAULT_FILE_MODE = 0o644;

function withVolumeDefaults(volume: JsonRecord): JsonRecord {
  const sources = Object.keys(volume).filter((field) => field !== 'name');
  if (sources.length === 0) return { ...volume, emptyDir: {} };
  const moded = ['secret', 'configMap', 'downwardAPI', 'projected'].filter((field) => isRecord(volume[field]));
  const withModes = Object.fromEntries(
    moded.map((field) => [field, { defaultMode: DEFAULT_FILE_MODE, ...recordOf(volume[field]) }]),
  );
  const projected = recordOf(withModes['projected']);
  const downward = recordOf(withModes['downwardAPI']);
  const hostPath = volume['hostPath'];
  return {
    ...volume,
    ...withModes,
    ...(isRecord(projected['sources']) || Array.isArray(projected['sources'])
      ? { projected: { ...projected, sources: mapRecords(projected['sources'], withTokenDefaults) } }
      : {}),
    ...(Array.isArray(downward['items'])
      ? { downwardAPI: { ...downward, items: mapRecords(downward['items'], withFieldRefDefaults) } }
      : {}),
    ...(isRecord(hostPath) ? { hostPath: { type: '', ...hostPath } } : {}),
  };
}

function withTokenDefaults(source: JsonRecord): JsonRecord {
  const token = source['serviceAccountToken'];
  return isRecord(token) ? { ...source, serviceAccountToken: { expirationSeconds: 3600, ...token } } : source;
}
