import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '#lab/session';
import { useClient } from '../support/clients.ts';

/** A Kubernetes object of a rendered chart. */
export interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** Values of a chart by their paths with dots: `{ 'linux.image.tag': '2' }`. */
export type ValuesByPath = Readonly<Record<string, unknown>>;

const CHART = join(packageRoot(), 'charts', 'keyferry');
/** An API server of Kubernetes 1.36, as far as the chart asks. */
const NEW_SERVER = [
  '--kube-version=1.36.0',
  '--api-versions=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy',
];

/** What `helm template keys charts/keyferry --namespace vaults` makes of the values. Rejects with what helm says of them. */
export async function renderChart(values: ValuesByPath = {}, server = NEW_SERVER): Promise<readonly Rendered[]> {
  const words = ['template', 'keys', CHART, '--namespace=vaults', '--values=-', ...server];
  const helm = useClient('kubectl-and-helm').programs['helm'] ?? '';
  const running = promisify(execFile)(helm, words, { maxBuffer: 16 * 1024 * 1024 });
  running.child.stdin?.end(JSON.stringify(nest(values)));
  const { stdout } = await running;
  return parseAllDocuments(stdout).flatMap((document) => {
    const [error] = document.errors;
    if (error instanceof Error) throw error;
    return (document.toJS() as Rendered | null) ?? [];
  });
}

/** The one object of that kind; with a name, of that name. Throws when there is none or several. */
export function objectOf(objects: readonly Rendered[], kind: string, name?: string): Rendered {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  const [one] = found;
  if (one === undefined || found.length > 1) throw new Error(`${found.length} objects ${kind} ${name ?? ''}`);
  return one;
}

/** What stands at a path with dots and numbers: `spec.template.spec.containers.0.image`; undefined for nothing. */
export function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, name) => (inner as Readonly<Record<string, unknown>> | undefined)?.[name], value);
}

function nest(values: ValuesByPath): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let group = root;
    for (const name of names) group = (group[name] ??= {}) as Record<string, unknown>;
    group[last] = value;
  }
  return root;
}
