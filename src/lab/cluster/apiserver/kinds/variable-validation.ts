import { isRecord, textOf, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import { recordsIn } from './core-strategies.ts';
import { invalidIssue, requiredIssue } from './field-issues.ts';

// What kube-apiserver refuses of the variables of a container (validateEnv, validateEnvFrom of pkg/apis/core/validation).

/** What is wrong with the variables of a container at `path`. */
export function variableIssues(path: string, container: JsonRecord): FieldIssue[] {
  return [
    ...recordsIn(container, 'env').flatMap((variable, index) => oneVariableIssues(`${path}.env[${index}]`, variable)),
    ...recordsIn(container, 'envFrom').flatMap((source) =>
      isRecord(source['configMapRef']) || isRecord(source['secretRef'])
        ? []
        : [invalidIssue(`${path}.envFrom`, '', 'must specify one of: `configMapRef` or `secretRef`')],
    ),
  ];
}

function oneVariableIssues(path: string, { name, value, valueFrom }: JsonRecord): FieldIssue[] {
  return [
    ...(name ? [] : [requiredIssue(`${path}.name`)]),
    // the relaxed rule, which is the one since Kubernetes 1.32
    ...(name && !/^[ -<>-~]+$/.test(textOf(name))
      ? [
          invalidIssue(
            `${path}.name`,
            name,
            "a valid environment variable name must consist only of printable ASCII characters other than '='",
          ),
        ]
      : []),
    ...(value && valueFrom !== undefined
      ? [invalidIssue(`${path}.valueFrom`, '', 'may not be specified when `value` is not empty')]
      : []),
    ...(isRecord(valueFrom) ? sourceIssues(`${path}.valueFrom`, valueFrom) : []),
  ];
}

const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'];

/** What a variable may say of its pod; labels and annotations by their key too. */
const POD_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const BY_KEY = /^metadata\.(labels|annotations)\['.+'\]$/;

function sourceIssues(path: string, source: JsonRecord): FieldIssue[] {
  if (!SOURCES.some((field) => isRecord(source[field]))) {
    return [
      invalidIssue(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
      ),
    ];
  }
  const { fieldRef } = source;
  if (!isRecord(fieldRef)) return [];
  const at = `${path}.fieldRef.fieldPath`;
  const fieldPath = textOf(fieldRef['fieldPath']);
  if (fieldPath === '') return [requiredIssue(at)];
  return POD_FIELDS.includes(fieldPath) || BY_KEY.test(fieldPath)
    ? []
    : [invalidIssue(at, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`)];
}
