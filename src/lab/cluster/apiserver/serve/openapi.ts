import { createHash } from 'node:crypto';
import { groupVersion, type Kind } from '../kinds/kind.ts';
import { renderComponents, componentName } from '../schema/openapi-components.ts';

type Document = Record<string, unknown>;

/** Documents are made once for each set of kinds: the registry hands out a new list whenever the kinds change. */
const rendered = new WeakMap<readonly Kind[], Map<string, Document>>();

/** GET /openapi/v3: where the document of each group version is. */
export function openapiIndex(kinds: readonly Kind[]): Document {
  return {
    paths: Object.fromEntries(
      [...new Set(kinds.map(pathOf))].map((path) => {
        const members = kinds.filter((kind) => pathOf(kind) === path);
        // what the document says follows from these; making it only for its hash would be slow
        const seed = JSON.stringify(members.map(({ kind, resource, openapi }) => [kind, resource, openapi]));
        const hash = createHash('sha256').update(seed).digest('hex').slice(0, 32).toUpperCase();
        return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
      }),
    ),
  };
}

/** GET /openapi/v3/...; undefined for a group version that is not served. */
export function openapiDocument(kinds: readonly Kind[], parts: readonly string[]): Document | undefined {
  const path = parts.join('/');
  if (!kinds.some((kind) => pathOf(kind) === path)) return undefined;
  const known = rendered.get(kinds) ?? new Map<string, Document>();
  rendered.set(kinds, known);
  const document = known.get(path) ?? documentOf(kinds, path);
  known.set(path, document);
  return document;
}

function pathOf(kind: Kind): string {
  return kind.group === '' ? `api/${kind.version}` : `apis/${groupVersion(kind)}`;
}

function documentOf(kinds: readonly Kind[], path: string): Document {
  const members = kinds.filter((kind) => pathOf(kind) === path);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1' },
    paths: Object.fromEntries(members.flatMap((kind) => pathsOf(kind, path))),
    components: { schemas: renderComponents(members) },
  };
}

function pathsOf(kind: Kind, root: string): [string, Document][] {
  const scope = kind.namespaced ? '/namespaces/{namespace}' : '';
  const collection = `/${root}${scope}/${kind.resource}`;
  const reference = { group: kind.group, kind: kind.kind, version: kind.version };
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${componentName(kind)}` } } };
  const operation = (action: string, verb: string, parameters: readonly string[], bodyTypes: readonly string[]) => ({
    operationId: `${verb}${kind.kind}`,
    parameters: parameters.map((name) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } })),
    ...(bodyTypes.length === 0
      ? {}
      : { requestBody: { content: Object.fromEntries(bodyTypes.map((type) => [type, content['application/json']])) } }),
    responses: { 200: { description: 'OK', content } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': reference,
  });
  const writing = ['dryRun', 'fieldManager', 'fieldValidation'];
  const patches = [
    'application/apply-patch+yaml',
    'application/json-patch+json',
    'application/merge-patch+json',
    ...(kind.openapi === undefined ? ['application/strategic-merge-patch+json'] : []),
  ];
  return [
    [
      collection,
      {
        get: operation('list', 'list', ['fieldSelector', 'labelSelector', 'limit', 'continue', 'watch'], []),
        post: operation('post', 'create', writing, ['application/json']),
      },
    ],
    [
      `${collection}/{name}`,
      {
        get: operation('get', 'read', [], []),
        put: operation('put', 'replace', writing, ['application/json']),
        patch: operation('patch', 'patch', [...writing, 'force'], patches),
        delete: operation('delete', 'delete', ['dryRun', 'gracePeriodSeconds', 'propagationPolicy'], []),
      },
    ],
  ];
}
