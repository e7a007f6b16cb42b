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
    terminationGracePeriodSeconds: spec['terminationGracePeriodSeconds'] ?? 30,
    ...(spec['enableServiceLinks'] === undefined ? { enableServiceLinks: true } : {}),
  };
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
  const source = recordOf(env['valueFrom']);
  if (!isRecord(source['fieldRef'])) return env;
  return { ...env, valueFrom: { ...source, fieldRef: { apiVersion: 'v1', ...source['fieldRef'] } } };
}

function withProbeDefaults(probe: JsonRecord): JsonRecord {
  const httpGet = probe['httpGet'];
  return {
    ...probe,
    ...(isRecord(httpGet) ? { httpGet: { path: '/', scheme: 'HTTP', ...httpGet } } : {}),
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
  const hostPath = volume['hostPath'];
  return {
    ...volume,
    ...withModes,
    ...(isRecord(projected['sources']) || Array.isArray(projected['sources'])
      ? { projected: { ...projected, sources: mapRecords(projected['sources'], withTokenDefaults) } }
      : {}),
    ...(isRecord(hostPath) ? { hostPath: { type: '', ...hostPath } } : {}),
  };
}

function withTokenDefaults(source: JsonRecord): JsonRecord {
  const token = source['serviceAccountToken'];
  return isRecord(token) ? { ...source, serviceAccountToken: { expirationSeconds: 3600, ...token } } : source;
}
