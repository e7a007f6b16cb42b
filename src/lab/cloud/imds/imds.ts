import { trimEndSlashes, type Clock, type Random } from '#base';
import { AadstsError, type IdentityTokens } from '../entra/index.ts';
import type { Directory } from '../directory.ts';
import { json } from '../rest/request.ts';
import type { AuditLog, CloudService, ServiceFailure } from '../service.ts';
import { chooseIdentity, type AssignedIdentities, type WantedIdentity } from './choose-identity.ts';
import { IMDS_VERSIONS, instanceMetadata, readMetadata, type NodeFacts } from './instance-metadata.ts';

/** What the instance metadata service of a node needs. */
export interface ImdsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly directory: Directory;
  readonly tokens: IdentityTokens;
  readonly audit: AuditLog;
  /** Asked at each request: assignments come and go. */
  readonly identities: () => AssignedIdentities;
  readonly node: () => NodeFacts;
}

/** The address at which virtual machines find it. */
export const IMDS_HOST = '169.254.169.254';

/** A refusal: an OAuth 2.0 error as IMDS gives it. */
class ImdsError extends Error {
  override readonly name = 'ImdsError';
  readonly status: number;
  readonly error: string;
  /** What the body says besides. */
  readonly more: object;

  constructor(status: number, error: string, description: string, more: object = {}) {
    super(description);
    this.status = status;
    this.error = error;
    this.more = more;
  }
}

/** A request that names no api-version is told the newest ones, newest first. */
function versionMissing(): ImdsError {
  return new ImdsError(
    400,
    'Bad request. api-version was not specified in the request. For more information refer to aka.ms/azureimds',
    '',
    { 'newest-versions': IMDS_VERSIONS.slice(-3).reverse() },
  );
}

/** A failure of its own, by the rows of Microsoft's table of IMDS's errors (how-to-use-vm-token, error handling). */
function serviceFailure({ status }: ServiceFailure): ImdsError {
  if (status === 429) return new ImdsError(429, 'too_many_requests', 'IMDS throttle limit reached.');
  const description = 'Failed to retrieve token from the Active directory. For details see the logs of the service.';
  return new ImdsError(status, 'unknown', description);
}

/**
 * The instance metadata service of a node: tokens of the identities that are assigned to it, a little about the node, and
 * the answers of aad-pod-identity's NMI. It speaks plain HTTP, and every request but NMI's needs the header
 * `Metadata: true`, so that no web page and no careless proxy gets a token.
 */
export function createImds(deps: ImdsDeps): CloudService {
  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const path = trimEndSlashes(url.pathname.toLowerCase());
    if (path === '/host/token') return answerPodToken(deps, request, url);
    requireMetadataHeader(request, path);
    if (path === '/metadata/identity/oauth2/token') return answerToken(deps, request, url);
    if (path === '/metadata/versions') {
      deps.audit.note(request, { operation: 'VersionsGet' });
      return json(200, { apiVersions: IMDS_VERSIONS });
    }
    if (path === '/metadata/instance' || path.startsWith('/metadata/instance/')) {
      deps.audit.note(request, { operation: 'InstanceGet' });
      if (!hasVersion(url)) throw versionMissing();
      return readMetadata(instanceMetadata(deps.node()), path.split('/').slice(3), url.searchParams.get('format'));
    }
    throw new ImdsError(404, 'Not found', '');
  };
  const stamped = async (request: Request, answering: Promise<Response>): Promise<Response> => {
    const response = await answering.then(
      (success) => {
        deps.audit.note(request, { result: 'Success' });
        return success;
      },
      (error: unknown) => refuse(deps, request, error),
    );
    response.headers.set('server', 'IMDS/150.870.65.1324');
    response.headers.set('x-ms-request-id', deps.random.uuid());
    return response;
  };
  return {
    name: 'imds',
    serves: (host) => host === IMDS_HOST,
    fetch: (request) => stamped(request, answer(request)),
    fail: (request, failure) => stamped(request, Promise.reject(serviceFailure(failure))),
  };
}

function refuse({ audit }: ImdsDeps, request: Request, error: unknown): Response {
  if (error instanceof AadstsError) {
    audit.note(request, { result: `AADSTS${error.code}` });
    return json(400, { error: 'invalid_resource', error_description: `AADSTS${error.code}: ${error.message}` });
  }
  if (!(error instanceof ImdsError)) throw error;
  audit.note(request, { result: error.error });
  const description = error.message === '' ? {} : { error_description: error.message };
  return json(error.status, { error: error.error, ...description, ...error.more });
}

function requireMetadataHeader(request: Request, path: string): void {
  const present = request.headers.get('metadata')?.toLowerCase() === 'true';
  // Only a proxy adds it: the request came from elsewhere.
  const forwarded = request.headers.has('x-forwarded-for');
  if (present && !forwarded) return;
  const problem = forwarded ? 'X-Forwarded-For header is not allowed' : 'Required metadata header not specified';
  if (path.startsWith('/metadata/identity')) throw new ImdsError(400, 'invalid_request', problem);
  throw new ImdsError(400, `Bad request. ${problem}`, '');
}

function hasVersion(url: URL): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(url.searchParams.get('api-version') ?? '');
}

async function answerToken(deps: ImdsDeps, request: Request, url: URL): Promise<Response> {
  deps.audit.note(request, { operation: 'IdentityToken' });
  if (request.method !== 'GET') throw new ImdsError(405, 'method_not_allowed', 'Only GET is supported');
  if (!hasVersion(url)) {
    throw new ImdsError(400, 'invalid_request', 'Required api-version parameter not specified or invalid');
  }
  const { clientId, ...token } = await issueToken(deps, request, {
    resource: url.searchParams.get('resource'),
    wanted: wantedIdentity(url.searchParams),
  });
  return json(200, { ...token, client_id: clientId });
}

/**
 * The shape of aad-pod-identity's NMI, which provider modes for pod identity call in a pod's name. The lab has no
 * AzureIdentityBinding: the pod gets what the node would.
 */
async function answerPodToken(deps: ImdsDeps, request: Request, url: URL): Promise<Response> {
  deps.audit.note(request, { operation: 'PodIdentityToken' });
  if (request.headers.has('x-forwarded-for')) {
    throw new ImdsError(400, 'invalid_request', 'X-Forwarded-For header is not allowed');
  }
  const [name, namespace] = ['podname', 'podns'].map((header) => request.headers.get(header) ?? '');
  if (!name || !namespace) {
    throw new ImdsError(400, 'invalid_request', 'missing podname or podns from the request headers');
  }
  const { clientId, ...token } = await issueToken(deps, request, {
    resource: url.searchParams.get('resource'),
    wanted: wantedIdentity(url.searchParams),
    details: { pod: `${namespace}/${name}` },
  });
  return json(200, { token: { refresh_token: '', ...token }, clientid: clientId });
}

function wantedIdentity(query: URLSearchParams): WantedIdentity {
  const value = (...names: readonly string[]) => names.map((name) => query.get(name)).find(Boolean) ?? undefined;
  return {
    clientId: value('client_id'),
    objectId: value('object_id', 'principal_id'),
    resourceId: value('msi_res_id', 'mi_res_id'),
  };
}

interface TokenRequest {
  readonly resource: string | null;
  readonly wanted: WantedIdentity;
  readonly details?: Readonly<Record<string, string>>;
}

/** Every field is text, as IMDS has it. */
async function issueToken(deps: ImdsDeps, request: Request, { resource, wanted, details }: TokenRequest) {
  if (!resource) throw new ImdsError(400, 'invalid_request', 'Required audience parameter not specified');
  const asked = Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined);
  deps.audit.note(request, { details: { resource, ...Object.fromEntries(asked), ...details } });
  const choice = chooseIdentity(deps.directory, deps.identities(), wanted);
  if (!choice.ok) throw new ImdsError(400, 'invalid_request', choice.reason);
  const { principal } = choice;
  const { clientId = '' } = principal;
  deps.audit.note(request, { identity: { objectId: principal.objectId, clientId, name: principal.displayName } });
  const { token, issuedAtSec, expiresInSec } = await deps.tokens(principal, resource);
  return {
    access_token: token.expose(),
    clientId,
    expires_in: String(expiresInSec),
    expires_on: String(issuedAtSec + expiresInSec),
    ext_expires_in: String(expiresInSec),
    not_before: String(issuedAtSec - 300),
    resource,
    token_type: 'Bearer',
  };
}
