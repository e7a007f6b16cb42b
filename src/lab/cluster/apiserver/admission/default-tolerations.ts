import { listOf, recordOf, recordsOf } from '../json.ts';
import type { AdmissionStep } from './admission.ts';

const TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const EFFECT = 'NoExecute';
const SECONDS = 300;

/** Lets a pod stay for five minutes on a node that went away, where it says nothing else (DefaultTolerationSeconds). */
export const admitDefaultTolerations: AdmissionStep = (_context, { target: { kind, subresource }, object }) => {
  if (kind.group !== '' || kind.resource !== 'pods' || subresource !== undefined) return object;
  const spec = recordOf(object['spec']);
  const own = recordsOf(spec['tolerations']);
  const missing = TAINTS.filter(
    (taint) => !own.some(({ key, effect }) => (!key || key === taint) && (!effect || effect === EFFECT)),
  );
  if (missing.length === 0) return object;
  const added = missing.map((key) => ({ key, operator: 'Exists', effect: EFFECT, tolerationSeconds: SECONDS }));
  return { ...object, spec: { ...spec, tolerations: [...listOf(spec['tolerations']), ...added] } };
};
