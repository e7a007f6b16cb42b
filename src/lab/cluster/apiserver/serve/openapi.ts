import { createHash } from 'node:crypto';
import { groupVersion, type Kind } from '../kinds/kind.ts';

/** GET /openapi/v3: where the document of each group version is. */
export function openapiIndex(kinds: readonly Kind[]): Record<string, unknown> {
  const paths = new Set(kinds.map(pathOf));
  return {
    paths: Object.fromEntries(
      [...paths].map((path) => {
        const text = JSON.stringify(documentOf(kinds, path));
        const hash = createHash('sha256').update(text).digest('hex').slice(0, 32);
        return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
      }),
    ),
  };
}

/** GET /openapi/v3/...; undefined for a group version that is not served. */
export function openapiDocument(kinds: readonly Kind[], parts: readonly string[]): Record<string, unknown> | undefined {
  const path = parts.join('/');
  return kinds.some((kind) => pathOf(kind) === path) ? documentOf(kinds, path) : undefined;
}

function pathOf(kind: Kind): string {
  return kind.group === '' ? `api/${kind.version}` : `apis/${groupVersion(kind)}`;
}

function documentOf(_kinds: readonly Kind[], _path: string): Record<string, unknown> {
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1' }, paths: {}, components: { schemas: {} } };
}
