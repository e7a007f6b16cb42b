import type { KubeObject } from '#kube';
import type { Kind, NameRule } from '../kinds/kind.ts';
import { labelNameIssue, labelValueProblem, letterLabelIssue, subdomainIssue } from '../kinds/names.ts';
import { invalid, type FieldIssue } from '../status-errors.ts';

const QUALIFIED =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const QUALIFIED_TEXT = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`;

/** Throws 422 with all that is wrong with the object; `old` is undefined on create. */
export function validateObject(kind: Kind, object: KubeObject, old: KubeObject | undefined): void {
  const issues = [
    ...(old === undefined ? nameIssues(kind, object) : updateIssues(object, old)),
    ...metadataIssues(object.metadata),
    ...(kind.strategy.validate?.(object, old) ?? []),
  ];
  if (issues.length > 0) throw invalid(kind, object.metadata.name ?? '', issues);
}

function nameIssues(kind: Kind, { metadata }: KubeObject): FieldIssue[] {
  const name = metadata.name ?? '';
  if (name === '')
    return [{ field: 'metadata.name', reason: 'FieldValueRequired', detail: 'name or generateName is required' }];
  const issue = NAME_RULES[kind.names]('metadata.name', name);
  return issue === undefined ? [] : [issue];
}

const NAME_RULES: Readonly<Record<NameRule, (field: string, value: string) => FieldIssue | undefined>> = {
  label: labelNameIssue,
  dns1035: letterLabelIssue,
  subdomain: subdomainIssue,
  path: pathNameIssue,
};

/** RBAC names may be anything that is one segment of a path (path.ValidatePathSegmentName). */
function pathNameIssue(field: string, value: string): FieldIssue | undefined {
  const bad =
    value === '.' || value === '..' ? `may not be '${value}'` : /[/%]/.test(value) ? "may not contain '/'" : undefined;
  return bad === undefined ? undefined : { field, reason: 'FieldValueInvalid', value, detail: bad };
}

/** What is wrong with labels, under `field`. */
export function labelIssues(field: string, labels: Readonly<Record<string, unknown>> | undefined): FieldIssue[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]): FieldIssue[] => {
    if (!QUALIFIED.test(key)) return [{ field, reason: 'FieldValueInvalid', value: key, detail: QUALIFIED_TEXT }];
    const text = String(value);
    const detail = labelValueProblem(text);
    return detail === undefined ? [] : [{ field, reason: 'FieldValueInvalid', value: text, detail }];
  });
}

/** Names and values of all annotations together (TotalAnnotationSizeLimitB of apimachinery). */
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

function metadataIssues(metadata: KubeObject['metadata']): FieldIssue[] {
  const annotations = Object.keys(metadata.annotations ?? {}).flatMap((key): FieldIssue[] =>
    QUALIFIED.test(key.toLowerCase())
      ? []
      : [{ field: 'metadata.annotations', reason: 'FieldValueInvalid', value: key, detail: QUALIFIED_TEXT }],
  );
  const sizeBytes = Object.entries(metadata.annotations ?? {})
    .flat()
    .reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (sizeBytes > MAX_ANNOTATIONS_BYTES) {
    const detail = `may not be more than ${MAX_ANNOTATIONS_BYTES} bytes`;
    annotations.push({ field: 'metadata.annotations', reason: 'FieldValueTooLong', detail });
  }
  const owners = (metadata.ownerReferences ?? []).flatMap((owner, index): FieldIssue[] =>
    (['apiVersion', 'kind', 'name', 'uid'] as const).flatMap((field): FieldIssue[] =>
      owner[field]
        ? []
        : [
            {
              field: `metadata.ownerReferences[${index}].${field}`,
              reason: 'FieldValueInvalid',
              value: '',
              detail: `${field} must not be empty`,
            },
          ],
    ),
  );
  return [...labelIssues('metadata.labels', metadata.labels), ...annotations, ...owners];
}

function updateIssues({ metadata }: KubeObject, { metadata: old }: KubeObject): FieldIssue[] {
  const issues: FieldIssue[] = [];
  for (const field of ['uid', 'creationTimestamp'] as const) {
    const value = metadata[field];
    if (value !== undefined && value !== old[field]) {
      issues.push({ field: `metadata.${field}`, reason: 'FieldValueInvalid', value, detail: 'field is immutable' });
    }
  }
  return issues;
}
