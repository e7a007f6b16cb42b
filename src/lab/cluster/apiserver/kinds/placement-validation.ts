import { recordsOf, textOf, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import { choiceIssues, invalidIssue, requiredIssue } from './field-issues.ts';

/** What is wrong with where a pod may run: its tolerations and how it is spread (pkg/apis/core/validation). */
export function placementIssues(path: string, spec: JsonRecord): FieldIssue[] {
  return [
    ...recordsOf(spec['tolerations']).flatMap((one, index) => tolerationIssues(`${path}.tolerations[${index}]`, one)),
    ...recordsOf(spec['topologySpreadConstraints']).flatMap((one, index) =>
      spreadIssues(`${path}.topologySpreadConstraints[${index}]`, one),
    ),
  ];
}

function tolerationIssues(path: string, toleration: JsonRecord): FieldIssue[] {
  const [key, operator, value, effect] = ['key', 'operator', 'value', 'effect'].map((name) => textOf(toleration[name]));
  const field = `${path}.operator`;
  return [
    ...(key === '' && operator !== 'Exists'
      ? [
          invalidIssue(
            field,
            operator,
            'operator must be Exists when `key` is empty, which means "match all values and all keys"',
          ),
        ]
      : []),
    ...(toleration['tolerationSeconds'] !== undefined && effect !== 'NoExecute'
      ? [invalidIssue(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")]
      : []),
    ...(operator === 'Exists' && value !== ''
      ? [invalidIssue(field, toleration, "value must be empty when `operator` is 'Exists'")]
      : []),
    ...(operator === '' ? [] : choiceIssues(field, operator, ['Equal', 'Exists'])),
    ...(effect === '' ? [] : choiceIssues(`${path}.effect`, effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute'])),
  ];
}

function spreadIssues(path: string, { maxSkew, topologyKey, whenUnsatisfiable }: JsonRecord): FieldIssue[] {
  return [
    ...(Number(maxSkew ?? 0) > 0 ? [] : [invalidIssue(`${path}.maxSkew`, maxSkew ?? 0, 'must be greater than zero')]),
    ...(textOf(topologyKey) === '' ? [requiredIssue(`${path}.topologyKey`, 'can not be empty')] : []),
    ...choiceIssues(`${path}.whenUnsatisfiable`, whenUnsatisfiable ?? '', ['DoNotSchedule', 'ScheduleAnyway']),
  ];
}
