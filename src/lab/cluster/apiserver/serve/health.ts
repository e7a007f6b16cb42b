/** What a server of Kubernetes looks at when it is asked for its health, as far as the lab's has it: it serves, so all is well. */
const CHECKS = ['ping', 'log', 'etcd'];

/** Whether a path's first part is one of the health endpoints. */
export function isHealthPath(first: string): boolean {
  return ['healthz', 'livez', 'readyz'].includes(first);
}

/**
 * The text of a health endpoint: `ok`, one check of it (`/readyz/ping`), or with `?verbose` a line for each check
 * (Kubernetes documentation, "Kubernetes API health endpoints"). Undefined for a check that there is not.
 */
export function renderHealth(parts: readonly string[], query: URLSearchParams): string | undefined {
  const [endpoint = '', check, ...more] = parts;
  if (check !== undefined) return more.length === 0 && CHECKS.includes(check) ? 'ok' : undefined;
  if (!query.has('verbose')) return 'ok';
  const excluded = query.getAll('exclude');
  const lines = CHECKS.map((name) => (excluded.includes(name) ? `[+]${name} excluded: ok` : `[+]${name} ok`));
  return [...lines, `${endpoint} check passed`, ''].join('\n');
}
