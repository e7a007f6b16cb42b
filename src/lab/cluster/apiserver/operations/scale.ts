import type { KubeObject } from '#kube';
import { recordOf, valueAt } from '../json.ts';
import type { Kind } from '../kinds/kind.ts';
import { badRequest, conflict, invalid } from '../status-errors.ts';
import { requireObject, type ApiContext, type Target, type WriteOptions } from './context.ts';
import { decodeOptions } from './decode.ts';
import { replaceObject } from './update.ts';

/** The autoscaling/v1 Scale of an object that has replicas. */
export function readScale(_kind: Kind, object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels = recordOf(valueAt(object, ['spec', 'selector', 'matchLabels']));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as KubeObject['metadata'],
    spec: { replicas: valueAt(object, ['spec', 'replicas']) ?? 1 },
    status: {
      replicas: valueAt(object, ['status', 'replicas']) ?? 0,
      selector: Object.entries(labels)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(','),
    },
  };
}

/** Sets the object's replicas to the Scale's. Throws 409 when it was read from an old version. */
export function writeScale(context: ApiContext, target: Target, body: unknown, options: WriteOptions): KubeObject {
  const live = requireObject(context, target);
  const scale = decodeOptions('Scale', body);
  const version = recordOf(scale['metadata'])['resourceVersion'];
  if (version && version !== live.metadata.resourceVersion) throw conflict(target.kind, target.name);
  const replicas = recordOf(scale['spec'])['replicas'] ?? 0;
  if (!Number.isInteger(replicas)) throw badRequest('spec.replicas is not a whole number');
  if (Number(replicas) < 0) {
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, target.name, [
      {
        field: 'spec.replicas',
        reason: 'FieldValueInvalid',
        value: replicas,
        detail: 'must be greater than or equal to 0',
      },
    ]);
  }
  const desired: KubeObject = { ...live, spec: { ...recordOf(live['spec']), replicas } };
  const changed = replaceObject(context, target, { live, desired, options });
  return readScale(target.kind, changed);
}
