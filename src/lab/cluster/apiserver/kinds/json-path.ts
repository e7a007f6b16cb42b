import { isRecord } from '../json.ts';

/** One step of a path: a field, an index, everything, or items whose field has a value. */
type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'all' }
  | { readonly type: 'filter'; readonly field: readonly string[]; readonly value: string };

/** A path as printer columns write it. */
export type JsonPath = readonly Step[];

const STEP =
  /\.([\w-]+)|\['((?:[^'\\]|\\.)*)'\]|\[(-?\d+)\]|\[\*\]|\.\*|\[\?\(@\.([\w.-]+)\s*==\s*["']([^"']*)["']\)\]/y;

/**
 * Parses the part of Kubernetes' JSONPath that printer columns use: `.a.b`, `['a.b']` and `\.` in names, `[0]`, `[*]`,
 * `[?(@.type=="Ready")]`. What cannot be read matches nothing.
 */
export function parseJsonPath(text: string): JsonPath {
  const source = text.replaceAll(/^\{|\}$/g, '').replaceAll('\\.', '\u0000');
  const steps: Step[] = [];
  let position = 0;
  while (position < source.length) {
    STEP.lastIndex = position;
    const match = /\.([\w\u0000/-]+)/y.exec(source.slice(position)) ?? STEP.exec(source);
    if (match === null) return [{ type: 'field', name: '' }];
    const [whole, name, quoted, index, field, value] = match;
    if (name !== undefined) steps.push({ type: 'field', name: name.replaceAll('\u0000', '.') });
    else if (quoted !== undefined) steps.push({ type: 'field', name: quoted.replaceAll('\u0000', '.') });
    else if (index !== undefined) steps.push({ type: 'index', index: Number(index) });
    else if (field !== undefined) steps.push({ type: 'filter', field: field.split('.'), value: value ?? '' });
    else steps.push({ type: 'all' });
    position += whole.length;
  }
  return steps;
}

/** Everything that the path leads to. */
export function evaluateJsonPath(path: JsonPath, root: unknown): unknown[] {
  return path.reduce<unknown[]>((values, step) => values.flatMap((value) => follow(step, value)), [root]);
}

function follow(step: Step, value: unknown): unknown[] {
  switch (step.type) {
    case 'field':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'index':
      return Array.isArray(value) && value.at(step.index) !== undefined ? [value.at(step.index)] : [];
    case 'all':
      return Array.isArray(value) ? (value as unknown[]) : isRecord(value) ? Object.values(value) : [];
    case 'filter':
    default:
      if (!Array.isArray(value)) return [];
      return (value as unknown[]).filter((item) => {
        const found = step.field.reduce<unknown>(
          (at, name) => (isRecord(at) && Object.hasOwn(at, name) ? at[name] : undefined),
          item,
        );
        return String(found) === step.value;
      });
  }
}
