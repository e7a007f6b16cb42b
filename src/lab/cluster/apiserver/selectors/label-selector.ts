import { labelValueProblem } from '../kinds/names.ts';
import { badRequest } from '../status-errors.ts';

/** One condition of a label selector; all of them must hold. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: '=' | '!=' | 'in' | 'notin' | 'exists' | '!';
  readonly values: readonly string[];
}

const KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/**
 * Parses the text form: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas
 * (Kubernetes documentation, "Labels and Selectors"). Throws 400 for anything else.
 */
export function parseLabelSelector(text: string): LabelRequirement[] {
  return splitTopLevel(text).map((part) => parseRequirement(part, text));
}

function splitTopLevel(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index <= text.length; index += 1) {
    const letter = text[index];
    if (letter === '(') depth += 1;
    else if (letter === ')') depth -= 1;
    else if (letter === undefined || (letter === ',' && depth === 0)) {
      const part = text.slice(start, index).trim();
      if (part !== '') parts.push(part);
      start = index + 1;
    }
  }
  return parts;
}

function parseRequirement(part: string, whole: string): LabelRequirement {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set === null && /[()]/.test(part)) {
    throw badRequest(`unable to parse requirement: unexpected parenthesis in "${part}" of selector "${whole}"`);
  }
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim());
    return checked({ key: set[1] ?? '', operator: set[2] as 'in' | 'notin', values }, whole);
  }
  const equality = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(part);
  if (equality !== null) {
    const operator = equality[2] === '!=' ? '!=' : '=';
    return checked({ key: equality[1] ?? '', operator, values: [equality[3] ?? ''] }, whole);
  }
  if (part.startsWith('!')) return checked({ key: part.slice(1).trim(), operator: '!', values: [] }, whole);
  return checked({ key: part, operator: 'exists', values: [] }, whole);
}

function checked(requirement: LabelRequirement, whole: string): LabelRequirement {
  if (!KEY.test(requirement.key)) {
    throw badRequest(`unable to parse requirement: invalid label key "${requirement.key}" in selector "${whole}"`);
  }
  for (const [index, value] of requirement.values.entries()) {
    const problem = labelValueProblem(value);
    if (problem === undefined) continue;
    const at = `values[${index}][${requirement.key}]`;
    throw badRequest(`unable to parse requirement: ${at}: Invalid value: ${JSON.stringify(value)}: ${problem}`);
  }
  return requirement;
}

/** Whether `labels` meet every requirement. */
export function matchesLabels(
  requirements: readonly LabelRequirement[],
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = labels?.[key];
    switch (operator) {
      case '=':
      case 'in':
        return value !== undefined && values.includes(value);
      case '!=':
      case 'notin':
        return value === undefined || !values.includes(value);
      case 'exists':
        return value !== undefined;
      case '!':
      default:
        return value === undefined;
    }
  });
}

interface StructuredSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

const STRUCTURED_OPERATORS = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const;

/** The requirements of a meta/v1 LabelSelector. An operator that does not exist matches nothing. */
export function requirementsOf(selector: StructuredSelector): LabelRequirement[] {
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]): LabelRequirement => ({
    key,
    operator: '=',
    values: [value],
  }));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }): LabelRequirement => {
    const known = STRUCTURED_OPERATORS[operator as keyof typeof STRUCTURED_OPERATORS];
    return known === undefined ? { key, operator: 'in', values: [] } : { key, operator: known, values };
  });
  return [...equal, ...expressions];
}

/** Requirements as a selector in text form, by key (labels.Selector.String of apimachinery). */
export function renderLabelSelector(requirements: readonly LabelRequirement[]): string {
  return [...requirements]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, operator, values }) => {
      switch (operator) {
        case '=':
        case '!=':
          return `${key}${operator}${values.join(',')}`;
        case 'in':
        case 'notin':
          return `${key} ${operator} (${[...values].sort().join(',')})`;
        case '!':
          return `!${key}`;
        case 'exists':
        default:
          return key;
      }
    })
    .join(',');
}
