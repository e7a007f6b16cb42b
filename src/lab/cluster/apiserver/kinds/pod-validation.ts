import type { KubeObject } from '#kube';
import { isRecord, jsonEqual, recordOf, recordsOf, textOf, type JsonRecord } from '../json.ts';
import { labelNameIssue } from './names.ts';
import type { FieldIssue } from '../status-errors.ts';
import { recordsIn } from './core-strategies.ts';
import { containerPartIssues, hostNetworkIssues, identityIssues } from './container-validation.ts';
import { invalidIssue } from './field-issues.ts';
import { placementIssues } from './placement-validation.ts';
import { innerPathIssues, volumePathIssues } from './path-issues.ts';

const MAX_SECONDS = 2_147_483_647;

/** What is wrong with a pod. On update most of the spec may not change. */
export function podIssues(object: KubeObject, old: KubeObject | undefined): FieldIssue[] {
  const issues = podSpecIssues('spec', recordOf(object['spec']));
  return old === undefined ? issues : [...issues, ...immutableSpecIssues(object, old)];
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
  issues.push(
    ...identityIssues(`${path}.securityContext`, spec['securityContext']),
    ...placementIssues(path, spec),
    ...hostNetworkIssues(path, spec),
  );
  for (const field of ['hostname', 'subdomain']) {
    const name = spec[field];
    const issue = typeof name === 'string' && name !== '' ? labelNameIssue(`${path}.${field}`, name) : undefined;
    if (issue !== undefined) issues.push(issue);
  }
  issues.push(...oneOf(`${path}.restartPolicy`, spec['restartPolicy'], ['Always', 'OnFailure', 'Never']));
  issues.push(
    ...oneOf(`${path}.dnsPolicy`, spec['dnsPolicy'], ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None']),
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

function nameIssues(path: string, name: unknown): FieldIssue[] {
  if (typeof name !== 'string' || name === '') return [{ field: `${path}.name`, reason: 'FieldValueRequired' }];
  const issue = labelNameIssue(`${path}.name`, name);
  return issue === undefined ? [] : [issue];
}

function volumeIssues(path: string, volume: JsonRecord): FieldIssue[] {
  const issues = nameIssues(path, volume['name']);
  const sources = Object.keys(volume).filter((field) => field !== 'name');
  for (const extra of sources.slice(1)) {
    issues.push({
      field: `${path}.${extra}`,
      reason: 'FieldValueForbidden',
      detail: 'may not specify more than 1 volume type',
    });
  }
  if (isRecord(volume['csi']) && !volume['csi']['driver']) {
    issues.push({ field: `${path}.csi.driver`, reason: 'FieldValueRequired' });
  }
  issues.push(...volumePathIssues(path, volume));
  recordsIn(volume['projected'], 'sources').forEach((source, index) => {
    const token = source['serviceAccountToken'];
    if (!isRecord(token)) return;
    const at = `${path}.projected.sources[${index}].serviceAccountToken`;
    if (Number(token['expirationSeconds'] ?? 3600) < 600) {
      issues.push({
        field: `${at}.expirationSeconds`,
        reason: 'FieldValueInvalid',
        value: token['expirationSeconds'],
        detail: 'may not specify a duration less than 10 minutes',
      });
    }
  });
  return issues;
}

function containerIssues(path: string, container: JsonRecord, volumeNames: ReadonlySet<unknown>): FieldIssue[] {
  const issues = nameIssues(path, container['name']);
  const { image } = container;
  if (!image) issues.push({ field: `${path}.image`, reason: 'FieldValueRequired' });
  else if (typeof image === 'string' && image.trim() !== image) {
    issues.push(invalidIssue(`${path}.image`, image, 'must not have leading or trailing whitespace'));
  }
  const paths = new Set<unknown>();
  recordsIn(container, 'volumeMounts').forEach((mount, index) => {
    const at = `${path}.volumeMounts[${index}]`;
    if (!mount['name']) issues.push({ field: `${at}.name`, reason: 'FieldValueRequired' });
    else if (!volumeNames.has(mount['name'])) {
      issues.push({ field: `${at}.name`, reason: 'FieldValueNotFound', value: mount['name'] });
    }
    if (!mount['mountPath']) issues.push({ field: `${at}.mountPath`, reason: 'FieldValueRequired' });
    else if (paths.has(mount['mountPath'])) {
      issues.push({
        field: `${at}.mountPath`,
        reason: 'FieldValueInvalid',
        value: mount['mountPath'],
        detail: 'must be unique',
      });
    }
    paths.add(mount['mountPath']);
    issues.push(
      ...innerPathIssues(`${at}.subPath`, mount['subPath']),
      ...innerPathIssues(`${at}.subPathExpr`, mount['subPathExpr']),
    );
    if (mount['subPath'] && mount['subPathExpr']) {
      issues.push(
        invalidIssue(`${at}.subPathExpr`, mount['subPathExpr'], 'subPathExpr and subPath are mutually exclusive'),
      );
    }
  });
  recordsIn(container, 'env').forEach((env, index) => {
    const at = `${path}.env[${index}]`;
    if (!env['name']) issues.push({ field: `${at}.name`, reason: 'FieldValueRequired' });
    // the relaxed rule, which is the one since Kubernetes 1.32
    else if (!/^[ -<>-~]+$/.test(textOf(env['name']))) {
      issues.push(
        invalidIssue(
          `${at}.name`,
          env['name'],
          "a valid environment variable name must consist only of printable ASCII characters other than '='",
        ),
      );
    }
    if (env['value'] && env['valueFrom'] !== undefined) {
      issues.push({
        field: `${at}.valueFrom`,
        reason: 'FieldValueInvalid',
        value: '',
        detail: 'may not be specified when `value` is not empty',
      });
    }
  });
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
