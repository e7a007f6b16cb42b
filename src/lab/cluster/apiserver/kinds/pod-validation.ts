import type { KubeObject } from '#kube';
import { isRecord, jsonEqual, recordOf, recordsOf, type JsonRecord } from '../json.ts';
import { labelNameIssue } from './names.ts';
import type { FieldIssue } from '../status-errors.ts';
import { recordsIn } from './core-strategies.ts';
import { containerPartIssues, hostNetworkIssues, podSecurityIssues } from './container-validation.ts';
import { forbiddenIssue, invalidIssue, requiredIssue } from './field-issues.ts';
import { placementIssues } from './placement-validation.ts';
import { mountIssues, nameIssues, volumeIssues } from './volume-validation.ts';
import { variableIssues } from './variable-validation.ts';

const MAX_SECONDS = 2_147_483_647;

/** What is wrong with a pod. On update most of the spec may not change. */
export function podIssues(object: KubeObject, old: KubeObject | undefined): FieldIssue[] {
  const spec = recordOf(object['spec']);
  const issues = podSpecIssues('spec', spec);
  if (old !== undefined) return [...issues, ...immutableSpecIssues(object, old)];
  return recordsOf(spec['ephemeralContainers']).length === 0
    ? issues
    : [...issues, forbiddenIssue('spec.ephemeralContainers', 'cannot be set on create')];
}

/** What is wrong with the spec of a pod or of a pod template, under `path`. */
export function podSpecIssues(path: string, spec: JsonRecord): FieldIssue[] {
  const volumes = recordsIn(spec, 'volumes');
  const volumeNames = new Set(volumes.map((volume) => volume['name']));
  const containers = recordsIn(spec, 'containers');
  const initContainers = recordsIn(spec, 'initContainers');
  const issues: FieldIssue[] = [
    ...volumes.flatMap((volume, index) => volumeIssues(`${path}.volumes[${index}]`, volume)),
    ...duplicateIssues(`${path}.volumes`, volumes),
  ];
  if (containers.length === 0) issues.push({ field: `${path}.containers`, reason: 'FieldValueRequired' });
  const seen = new Set<unknown>();
  for (const [field, list] of [
    ['containers', containers],
    ['initContainers', initContainers],
  ] as const) {
    list.forEach((container, index) => {
      const at = `${path}.${field}[${index}]`;
      issues.push(
        ...containerIssues(at, container, volumeNames),
        ...containerPartIssues(at, container, field === 'initContainers'),
      );
      if (seen.has(container['name'])) {
        issues.push({ field: `${at}.name`, reason: 'FieldValueDuplicate', value: container['name'] });
      }
      seen.add(container['name']);
    });
  }
  const deadline = spec['activeDeadlineSeconds'];
  if (typeof deadline === 'number' && (deadline < 1 || deadline > MAX_SECONDS)) {
    issues.push(
      invalidIssue(`${path}.activeDeadlineSeconds`, deadline, `must be between 1 and ${MAX_SECONDS}, inclusive`),
    );
  }
  issues.push(...podSecurityIssues(path, spec), ...placementIssues(path, spec), ...hostNetworkIssues(path, spec));
  if (spec['dnsPolicy'] === 'None' && !isRecord(spec['dnsConfig'])) {
    issues.push(requiredIssue(`${path}.dnsConfig`, 'must provide `dnsConfig` when `dnsPolicy` is None'));
  }
  for (const field of ['hostname', 'subdomain']) {
    const name = spec[field];
    const issue = typeof name === 'string' && name !== '' ? labelNameIssue(`${path}.${field}`, name) : undefined;
    if (issue !== undefined) issues.push(issue);
  }
  issues.push(...oneOf(`${path}.restartPolicy`, spec['restartPolicy'], ['Always', 'OnFailure', 'Never']));
  issues.push(
    ...oneOf(`${path}.dnsPolicy`, spec['dnsPolicy'], ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']),
  );
  return issues;
}

function oneOf(field: string, value: unknown, allowed: readonly string[]): FieldIssue[] {
  if (value === undefined || allowed.some((known) => known === value)) return [];
  const list = allowed.map((text) => JSON.stringify(text)).join(', ');
  return [{ field, reason: 'FieldValueNotSupported', value, detail: `supported values: ${list}` }];
}

function duplicateIssues(path: string, items: readonly JsonRecord[]): FieldIssue[] {
  const seen = new Set<unknown>();
  return items.flatMap((item, index): FieldIssue[] => {
    const known = seen.has(item['name']);
    seen.add(item['name']);
    return known ? [{ field: `${path}[${index}].name`, reason: 'FieldValueDuplicate', value: item['name'] }] : [];
  });
}

function containerIssues(path: string, container: JsonRecord, volumeNames: ReadonlySet<unknown>): FieldIssue[] {
  const issues = nameIssues(path, container['name']);
  const { image } = container;
  if (!image) issues.push({ field: `${path}.image`, reason: 'FieldValueRequired' });
  else if (typeof image === 'string' && image.trim() !== image) {
    issues.push(invalidIssue(`${path}.image`, image, 'must not have leading or trailing whitespace'));
  }
  issues.push(...mountIssues(path, container, volumeNames), ...variableIssues(path, container));
  issues.push(...oneOf(`${path}.imagePullPolicy`, container['imagePullPolicy'], ['Always', 'IfNotPresent', 'Never']));
  return issues;
}

const IMMUTABLE_TEXT =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function immutableSpecIssues(object: KubeObject, old: KubeObject): FieldIssue[] {
  return jsonEqual(fixedPart(object, old), fixedPart(old, old))
    ? []
    : [{ field: 'spec', reason: 'FieldValueForbidden', detail: IMMUTABLE_TEXT }];
}

/** The spec without what may change: images, deadlines, tolerations, and the node of a pod that has none yet. */
function fixedPart(object: KubeObject, old: KubeObject): unknown {
  const spec = recordOf(object['spec']);
  const unbound = !recordOf(old['spec'])['nodeName'];
  const {
    activeDeadlineSeconds: _deadline,
    tolerations: _tolerations,
    ephemeralContainers: _ephemeral,
    schedulingGates: _gates,
    ...fixed
  } = spec;
  const withoutImages = (list: unknown) => recordsOf(list).map(({ image: _image, ...container }) => container);
  return {
    ...fixed,
    ...(unbound ? { nodeName: undefined } : {}),
    containers: withoutImages(spec['containers']),
    initContainers: withoutImages(spec['initContainers']),
  };
}
