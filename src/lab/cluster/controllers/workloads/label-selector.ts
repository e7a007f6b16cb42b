import type { LabelSelector } from 'kubernetes-types/meta/v1.js';

/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Whether a LabelSelector of an object's spec chooses `labels`. An empty selector chooses nothing here: for workloads
 * Kubernetes treats it as a mistake, so that a controller never adopts everything.
 */
export function selectorMatches(selector: LabelSelector | undefined, labels: Labels | undefined = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  const wanted = Object.entries(matchLabels);
  if (wanted.length === 0 && matchExpressions.length === 0) return false;
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => requirementHolds(labels[key], operator, values))
  );
}

/** One requirement of a label selector or of a node selector term, on the value that the label has (or has not). */
export function requirementHolds(value: string | undefined, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}
