import { usageError } from './errors.ts';
import type { Json } from './json.ts';

/** A query that has been checked, ready to be applied. */
export type Query = (answer: Json) => Json;

/** Checks a JMESPath expression. Throws az's usage error when it is not one. */
export async function compileQuery(expression: string): Promise<Query> {
  const jmespath = await import('./jmespath.ts');
  try {
    const extension = findExtension(jmespath.compile(expression));
    if (extension !== undefined)
      throw new Error(`az's JMESPath has no ${extension} (quote names with a hyphen: "a-b")`);
  } catch (error) {
    throw usageError(
      `argument --query: invalid jmespath_type value: '${expression}'`,
      `${error instanceof Error ? error.message : String(error)}. To learn more about --query, see https://jmespath.org.`,
    );
  }
  return (answer) => {
    try {
      return withoutFunctions(jmespath.search(answer as Parameters<typeof jmespath.search>[0], expression));
    } catch (error) {
      throw usageError(`argument --query: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
}

/**
 * What every JavaScript object has by inheritance is no field of an answer: `--query constructor` finds nothing. Values that
 * hold none of that are handed through as they are.
 */
function withoutFunctions(value: unknown): Json {
  if (typeof value === 'function' || value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.some(holdsFunction) ? value.map(withoutFunctions) : (value as Json);
  if (typeof value !== 'object' || !holdsFunction(value)) return value as Json;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutFunctions(inner)]));
}

function holdsFunction(value: unknown): boolean {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsFunction);
}

/** What the community's JMESPath has beyond the specification that az implements. */
const EXTENSIONS: readonly unknown[] = ['Arithmetic', 'LetExpression', 'Ternary', 'Unary', 'Variable'];

/** The first such expression in a parsed query; undefined when there is none. */
function findExtension(node: unknown): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  const { type } = node as { readonly type?: unknown };
  if (EXTENSIONS.includes(type)) return String(type);
  if (type === 'Literal') return undefined;
  return Object.values(node)
    .map((child) => findExtension(child))
    .find((found) => found !== undefined);
}

/** All objects inside a value: those that a query hands through, in contrast to those that it makes. */
export function objectsWithin(value: Json): WeakSet<object> {
  const found = new WeakSet<object>();
  const visit = (inner: Json | undefined): void => {
    if (typeof inner !== 'object' || inner === null) return;
    found.add(inner);
    for (const item of Object.values(inner) as Json[]) visit(item);
  };
  visit(value);
  return found;
}
