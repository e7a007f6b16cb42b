import { recordOf, shown } from '../json.ts';
import { forbidden } from '../status-errors.ts';
import type { AdmissionStep } from './admission.ts';

const CLASSES = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };

/** Gives a pod the number that its PriorityClass stands for (kube-apiserver's Priority admission). */
export const admitPodPriority: AdmissionStep = (context, { target, verb, object, old }) => {
  const { kind, subresource } = target;
  if (kind.group !== '' || kind.resource !== 'pods' || subresource !== undefined) return object;
  const spec = recordOf(object['spec']);
  if (verb === 'update') {
    const before = recordOf(old?.['spec']);
    const kept = ['priority', 'preemptionPolicy'].filter((field) => spec[field] === undefined && field in before);
    if (kept.length === 0) return object;
    return { ...object, spec: { ...spec, ...Object.fromEntries(kept.map((field) => [field, before[field]])) } };
  }
  const name = spec['priorityClassName'];
  const found =
    typeof name === 'string' && name !== ''
      ? context.storage.get(CLASSES, undefined, name)
      : context.storage.list(CLASSES).find((candidate) => candidate['globalDefault'] === true);
  if (name && found === undefined) {
    throw forbidden(kind, object.metadata.name, `no PriorityClass with name ${shown(name)} was found`);
  }
  const priority = Number(found?.['value'] ?? 0);
  const preemptionPolicy = found?.['preemptionPolicy'] ?? 'PreemptLowerPriority';
  if (spec['priority'] !== undefined && spec['priority'] !== priority) {
    throw forbidden(
      kind,
      object.metadata.name,
      `the integer value of priority (${shown(spec['priority'])}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
    );
  }
  if (spec['preemptionPolicy'] !== undefined && spec['preemptionPolicy'] !== preemptionPolicy) {
    throw forbidden(
      kind,
      object.metadata.name,
      `the string value of PreemptionPolicy (${shown(spec['preemptionPolicy'])}) must not be provided in pod spec; priority admission controller computed ${shown(preemptionPolicy)} from the given PriorityClass name`,
    );
  }
  return {
    ...object,
    spec: {
      ...spec,
      ...(found === undefined ? {} : { priorityClassName: found.metadata.name }),
      priority,
      preemptionPolicy,
    },
  };
};
