import { AZURE_CLOUDS, isChildHost } from './azure-clouds.ts';
import type { ClusterHost, ClusterSpec } from './clusters.ts';
import type { AuditLog, CloudService } from './service.ts';

/** What publishing the issuers' documents needs. */
export interface IssuerServiceDeps {
  readonly clusters: Pick<ClusterHost, 'issuer'>;
  /** The clusters that exist in ARM. */
  readonly specs: () => readonly ClusterSpec[];
  readonly audit: AuditLog;
}

const ISSUER_SUFFIX = AZURE_CLOUDS[0].clusterIssuerSuffix;
const DOCUMENTS = {
  '.well-known/openid-configuration': 'openidConfiguration',
  'openid/v1/jwks': 'jwks',
} as const;

/** Publishes the clusters' service account issuers under the names that AKS gives them: documents that anybody may read. */
export function createIssuerService({ clusters, specs, audit }: IssuerServiceDeps): CloudService {
  return {
    name: 'issuer',
    serves: (host) => isChildHost(host, ISSUER_SUFFIX),
    fetch: async (request) => {
      audit.note(request, { operation: 'IssuerDocument' });
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return notFound(405, 'MethodNotAllowed', 'only GET is served here');
      }
      const spec = specs().find(({ issuerUrl }) => request.url.startsWith(issuerUrl));
      const { pathname } = new URL(request.url);
      const path = spec === undefined ? '' : pathname.slice(new URL(spec.issuerUrl).pathname.length);
      const document = Object.hasOwn(DOCUMENTS, path) ? DOCUMENTS[path as keyof typeof DOCUMENTS] : undefined;
      const issuer = spec === undefined ? undefined : clusters.issuer(spec.armId);
      if (document === undefined || issuer === undefined) {
        return notFound(404, 'ResourceNotFound', 'no cluster of the lab publishes this document');
      }
      audit.note(request, { details: { document } });
      return Response.json(await issuer[document]());
    },
  };
}

function notFound(status: 404 | 405, code: string, message: string): Response {
  return Response.json({ error: { code, message } }, { status });
}
