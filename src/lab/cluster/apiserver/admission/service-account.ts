import { nameSuffix } from '#base';
import type { KubeObject } from '#kube';
import { recordOf, type JsonRecord } from '../json.ts';
import { recordsIn } from '../kinds/core-strategies.ts';
import { forbidden } from '../status-errors.ts';
import type { AdmissionStep } from './admission.ts';

const ACCOUNTS = { group: '', resource: 'serviceaccounts' };
const TOKEN_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
/** An hour and seven seconds, so that kubelets can tell their own default from a user's hour. */
const TOKEN_SECONDS = 3607;

/**
 * Gives a new pod its service account (kube-apiserver's ServiceAccount admission): the account must exist, and its
 * token, the cluster's CA and the namespace are mounted unless the pod or the account says no.
 */
export const admitServiceAccount: AdmissionStep = (context, { target, verb, object }) => {
  const { kind, namespace } = target;
  if (verb !== 'create' || kind.group !== '' || kind.resource !== 'pods' || target.subresource !== undefined)
    return object;
  const spec = recordOf(object['spec']);
  const name =
    typeof spec['serviceAccountName'] === 'string' && spec['serviceAccountName'] !== ''
      ? spec['serviceAccountName']
      : 'default';
  const account = context.storage.get(ACCOUNTS, namespace, name);
  if (account === undefined) {
    throw forbidden(
      kind,
      object.metadata.name,
      `error looking up service account ${namespace ?? ''}/${name}: serviceaccount "${name}" not found`,
    );
  }
  const named: JsonRecord = { ...spec, serviceAccountName: name, serviceAccount: name };
  const withSecrets = inheritPullSecrets(named, account);
  const mounts = spec['automountServiceAccountToken'] ?? account['automountServiceAccountToken'] ?? true;
  return {
    ...object,
    spec: mounts === true ? withTokenVolume(withSecrets, () => nameSuffix(context.random)) : withSecrets,
  };
};

function inheritPullSecrets(spec: JsonRecord, account: KubeObject): JsonRecord {
  const secrets = account['imagePullSecrets'];
  return spec['imagePullSecrets'] === undefined && secrets !== undefined
    ? { ...spec, imagePullSecrets: secrets }
    : spec;
}

function withTokenVolume(spec: JsonRecord, suffix: () => string): JsonRecord {
  const volumes = recordsIn(spec, 'volumes');
  const existing = volumes.find(({ name }) => typeof name === 'string' && name.startsWith(VOLUME_PREFIX));
  const name = typeof existing?.['name'] === 'string' ? existing['name'] : VOLUME_PREFIX + suffix();
  let used = false;
  const mounted = (field: string) =>
    recordsIn(spec, field).map((container) => {
      const own = recordsIn(container, 'volumeMounts');
      if (own.some((mount) => mount['mountPath'] === TOKEN_FOLDER)) return container;
      used = true;
      return { ...container, volumeMounts: [...own, { name, readOnly: true, mountPath: TOKEN_FOLDER }] };
    });
  const containers = mounted('containers');
  const initContainers = mounted('initContainers');
  return {
    ...spec,
    containers,
    ...(initContainers.length === 0 ? {} : { initContainers }),
    ...(used && existing === undefined ? { volumes: [...volumes, tokenVolume(name)] } : {}),
  };
}

function tokenVolume(name: string): JsonRecord {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 0o644,
    },
  };
}
