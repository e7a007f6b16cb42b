import type { KubeObject } from '#kube';
import { recordOf, textOf, valueAt, withValueAt } from '../json.ts';
import type { Kind, ScalePaths } from '../kinds/kind.ts';
import { renderLabelSelector, requirementsOf } from '../selectors/label-selector.ts';
import { badRequest, conflict, invalid } from '../status-errors.ts';
import { requireObject, type ApiContext, type Target, type WriteOptions } from './context.ts';
import { decodeOptions } from './decode.ts';
import { replaceObject } from './update.ts';

/** The autoscaling/v1 Scale of an object that has replicas. */
export function readScale(kind: Kind, object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { specReplicas, statusReplicas } = kind.scale ?? BUILTIN_PATHS;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as KubeObject['metadata'],
    spec: { replicas: valueAt(object, specReplicas) ?? (kind.scale === undefined ? 1 : 0) },
    status: {
      replicas: valueAt(object, statusReplicas) ?? 0,
      selector: selectorText(kind, object),
    },
  };
}

const BUILTIN_PATHS: ScalePaths = { specReplicas: ['spec', 'replicas'], statusReplicas: ['status', 'replicas'] };

function selectorText({ scale }: Kind, object: KubeObject): string {
  if (scale !== undefined) {
    return scale.labelSelector === undefined ? '' : textOf(valueAt(object, scale.labelSelector));
  }
  const selector = recordOf(valueAt(object, ['spec', 'selector']));
  // a ReplicationController's selector is the labels themselves
  const structured = 'matchLabels' in selector || 'matchExpressions' in selector;
  const requirements = requirementsOf(structured ? selector : { matchLabels: selector as Record<string, string> });
  return renderLabelSelector(requirements);
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
  const { specReplicas } = target.kind.scale ?? BUILTIN_PATHS;
  const desired = withValueAt(live, specReplicas, replicas);
  const changed = replaceObject(context, target, { live, desired, options });
  return readScale(target.kind, changed);
}
