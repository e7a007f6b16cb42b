import type { KubeObject } from '#kube';
import { recordOf, recordsOf, textOf, valueAt, type JsonRecord } from '../json.ts';
import { quantityValue } from '../../quantity.ts';
import { forbidden } from '../status-errors.ts';
import type { AdmissionStep } from './admission.ts';

const LIMIT_RANGES = { group: '', resource: 'limitranges' };
const ANNOTATION = 'kubernetes.io/limit-ranger';

/**
 * Fills in what a new pod's containers ask for: a limit is a request too, and the namespace's LimitRanges say the rest and
 * what is too much or too little (kube-apiserver's LimitRanger). What comes out decides the pod's class of service.
 */
export const admitPodResources: AdmissionStep = (context, { target, verb, object }) => {
  const { kind, namespace, subresource } = target;
  if (verb !== 'create' || kind.group !== '' || kind.resource !== 'pods' || subresource !== undefined) return object;
  const limits = context.storage
    .list(LIMIT_RANGES, namespace)
    .flatMap((range) => recordsOf(valueAt(range, ['spec', 'limits'])))
    .filter(({ type }) => type === 'Container');
  const notes: string[] = [];
  const spec = recordOf(object['spec']);
  const filled = (field: string, what: string) =>
    recordsOf(spec[field]).map((container) =>
      limits.reduce((one, limit) => fill(one, limit, what, notes), withRequests(container)),
    );
  const containers = filled('containers', 'container');
  const initContainers = filled('initContainers', 'init container');
  const everyone = [...containers, ...initContainers];
  const problems = limits.flatMap((limit) => everyone.flatMap((container) => limitProblems(container, limit)));
  if (problems.length > 0) {
    const text = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`;
    throw forbidden(kind, object.metadata.name, text ?? '');
  }
  return {
    ...withNotes(object, notes),
    spec: { ...spec, containers, ...(initContainers.length === 0 ? {} : { initContainers }) },
    status: { ...recordOf(object['status']), qosClass: serviceClass(everyone) },
  };
};

/** The container with a request for everything that it has a limit of (SetDefaults_Pod). */
function withRequests(container: JsonRecord): JsonRecord {
  const resources = recordOf(container['resources']);
  const limits = recordOf(resources['limits']);
  if (Object.keys(limits).length === 0) return container;
  return { ...container, resources: { ...resources, requests: { ...limits, ...recordOf(resources['requests']) } } };
}

function fill(container: JsonRecord, limit: JsonRecord, what: string, notes: string[]): JsonRecord {
  const resources = recordOf(container['resources']);
  const merged = (field: 'requests' | 'limits', defaults: unknown, word: string): JsonRecord => {
    const own = recordOf(resources[field]);
    const missing = Object.entries(recordOf(defaults)).filter(([name]) => !(name in own));
    if (missing.length === 0) return {};
    const names = missing.map(([name]) => name).sort();
    notes.push(`${names.join(', ')} ${word} for ${what} ${textOf(container['name'])}`);
    return { [field]: { ...own, ...Object.fromEntries(missing) } };
  };
  const requests = merged('requests', limit['defaultRequest'], 'request');
  const limits = merged('limits', limit['default'], 'limit');
  return { ...container, resources: { ...resources, ...limits, ...requests } };
}

function limitProblems(container: JsonRecord, { min, max }: JsonRecord): string[] {
  const { requests, limits } = recordOf(container['resources']);
  const tooLittle = Object.entries(recordOf(min)).flatMap(([name, least]) => {
    const asked = recordOf(requests)[name];
    if (asked === undefined)
      return [`minimum ${name} usage per Container is ${textOf(least)}.  No request is specified`];
    return quantityValue(asked) < quantityValue(least)
      ? [`minimum ${name} usage per Container is ${textOf(least)}, but request is ${textOf(asked)}`]
      : [];
  });
  const tooMuch = Object.entries(recordOf(max)).flatMap(([name, most]) => {
    const limit = recordOf(limits)[name];
    if (limit === undefined) return [`maximum ${name} usage per Container is ${textOf(most)}.  No limit is specified`];
    return quantityValue(limit) > quantityValue(most)
      ? [`maximum ${name} usage per Container is ${textOf(most)}, but limit is ${textOf(limit)}`]
      : [];
  });
  return [...tooLittle, ...tooMuch];
}

function withNotes(object: KubeObject, notes: readonly string[]): KubeObject {
  if (notes.length === 0) return object;
  const annotations = { ...object.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}` };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

const COMPUTE = ['cpu', 'memory'];

/** Guaranteed where all limits are there and are the requests, BestEffort where nothing is said (ComputePodQOS). */
function serviceClass(containers: readonly JsonRecord[]): string {
  const said = containers.map(({ resources }) => {
    const { requests, limits } = recordOf(resources);
    return { requests: recordOf(requests), limits: recordOf(limits) };
  });
  const some = said.some(({ requests, limits }) =>
    COMPUTE.some((name) => quantityValue(requests[name]) > 0 || quantityValue(limits[name]) > 0),
  );
  if (!some) return 'BestEffort';
  const guaranteed = said.every(({ requests, limits }) =>
    COMPUTE.every((name) => {
      const limit = quantityValue(limits[name]);
      return limit > 0 && quantityValue(requests[name]) === limit;
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
