import { TrieRouter } from 'hono/router/trie-router';
import { AzureError } from './azure-error.ts';

/** Methods that a route can have. */
export type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** One row of a service's route table. */
export interface Route<Call> {
  readonly method: Method;
  /** For example `/subscriptions/:subscription/providers`; letters are compared without their case. */
  readonly path: string;
  /** What the audit log calls it. */
  readonly operation: string;
  handle(call: Call): Promise<Response> | Response;
}

/** A request's route: the row and what its `:names` stand for, decoded, in the casing that the client sent. */
export interface RouteMatch<Row> {
  readonly route: Row;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the row for a method and a path. */
export interface RouteTable<Row> {
  match(method: string, segments: readonly string[]): RouteMatch<Row> | undefined;
  /** Whether the path has a row for any method. */
  knows(segments: readonly string[]): boolean;
}

/**
 * The parts of a path, decoded. Empty parts vanish, so that double slashes, a slash at the end and an empty version
 * (`/secrets/name/`) mean what Azure takes them for. Throws 400 when an escape is not UTF-8.
 */
export function pathSegments(pathname: string): readonly string[] {
  try {
    return pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    throw new AzureError(400, 'BadRequest', 'The request URI is not valid.');
  }
}

/** A {@link RouteTable} of `routes`; where two rows fit, the earlier one wins. */
export function createRouteTable<Row extends { readonly method: Method; readonly path: string }>(
  routes: readonly Row[],
): RouteTable<Row> {
  const byMethod = new TrieRouter<Row>();
  const anyMethod = new TrieRouter<true>();
  for (const route of routes) {
    byMethod.add(route.method, lowerPattern(route.path), route);
    anyMethod.add('ALL', lowerPattern(route.path), true);
  }
  return {
    match: (method, segments) => {
      const route = byMethod.match(method, matchPath(segments))[0][0]?.[0];
      return route === undefined ? undefined : { route, params: paramsOf(route.path, segments) };
    },
    knows: (segments) => anyMethod.match('ALL', matchPath(segments))[0].length > 0,
  };
}

function lowerPattern(pattern: string): string {
  return pattern
    .split('/')
    .map((part) => (part.startsWith(':') ? part : part.toLowerCase()))
    .join('/');
}

// Encoded again, so that a decoded slash stays inside its part.
function matchPath(segments: readonly string[]): string {
  return `/${segments.map((part) => encodeURIComponent(part.toLowerCase())).join('/')}`;
}

function paramsOf(pattern: string, segments: readonly string[]): Record<string, string> {
  const names = pattern.split('/').slice(1);
  return Object.fromEntries(
    names.flatMap((name, index) => (name.startsWith(':') ? [[name.slice(1), segments[index] ?? '']] : [])),
  );
}
