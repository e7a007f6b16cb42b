import { Hono, type Context } from 'hono';
import type { Clock, Log, Random } from '#base';
import type { Store } from '#lab/store';
import { AZURE_CLOUDS, cloudOfLoginHost } from '../azure-clouds.ts';
import type { Directory, Principal } from '../directory.ts';
import type { AuditLog, CloudService, ServiceFailure, TokenVerifier } from '../service.ts';
import { AadstsError, renderAadsts } from './aadsts.ts';
import { issueAccessToken, type IssuedToken } from './access-token.ts';
import { createAuthorizationCodes } from './authorization-codes.ts';
import { answerAuthorize } from './authorize.ts';
import { instanceDiscovery, openidConfiguration, userRealm, type EndpointVersion } from './documents.ts';
import { createIssuerKeys, type FetchJson } from './issuer-keys.ts';
import { findResource } from './resources.ts';
import { renderMessage } from './sign-in-pages.ts';
import { openSigningKey } from './signing-key.ts';
import { isGuid, resolveSignInTenant, resolveTenant } from './tenant-segment.ts';
import { answerTokenRequest, type TokenEndpointDeps } from './token-endpoint.ts';
import { parseTokenForm } from './token-request.ts';
import { createTokenVerifier } from './token-verifier.ts';
import { openUserGrants, type UserGrant, type UserGrants } from './user-grants.ts';

/** What the emulated Entra ID needs. */
export interface EntraDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly directory: Directory;
  readonly audit: AuditLog;
  /** Reads the documents of external token issuers. */
  readonly fetchJson: FetchJson;
}

/** The emulated Entra ID: its endpoints, and the check of the tokens that it issues. */
export interface Entra extends AsyncDisposable {
  readonly service: CloudService;
  readonly verifier: TokenVerifier;
  readonly grants: UserGrants;
  readonly identityTokens: IdentityTokens;
}

/** Makes an access token of a managed identity for `resource`, as IMDS hands it out. Throws AADSTS500011. */
export type IdentityTokens = (principal: Principal, resource: string) => Promise<IssuedToken>;

/** Opens Entra ID on what `store` holds. A missing signing key is made in the background: the first token waits for it. */
export function openEntra(deps: EntraDeps): Entra {
  const { store, clock, random, log, directory, audit, fetchJson } = deps;
  const { tenant } = directory;
  const key = openSigningKey(store);
  // A failure reaches every token request; here it is only kept from being an unhandled rejection.
  key.catch(() => undefined);
  const grants = openUserGrants(store, random);
  const issuerKeys = createIssuerKeys({ clock, log, fetchJson });
  const codes = createAuthorizationCodes({ clock, random });
  const endpoint: TokenEndpointDeps = { clock, random, tenant, key, directory, issuerKeys, grants, codes };
  const app = createApp({ audit, endpoint });
  return {
    grants,
    identityTokens: (principal, resource) =>
      issueAccessToken(endpoint, {
        principal,
        clientId: principal.clientId ?? '',
        proof: 'assertion',
        resource: findResource(resource, directory),
        loginHost: AZURE_CLOUDS[0].loginHosts[0],
        capabilities: [],
      }),
    verifier: createTokenVerifier({ clock, tenant, key, groupsOf: (objectId) => directory.groupsOf(objectId) }),
    service: {
      name: 'entra',
      serves: (host) => cloudOfLoginHost(host) !== undefined,
      fetch: async (request) => app.fetch(request, {}),
      fail: async (request, failure) => app.fetch(request, { failure }),
    },
    [Symbol.asyncDispose]: async () => {
      await key.catch(() => undefined);
    },
  };
}

interface AppDeps {
  readonly audit: AuditLog;
  readonly endpoint: TokenEndpointDeps;
}

/** What a request is handled with besides itself. */
interface AppEnv {
  readonly Bindings: { readonly failure?: ServiceFailure };
}

function createApp({ audit, endpoint }: AppDeps): Hono<AppEnv> {
  const { tenant, key, grants, directory } = endpoint;
  const app = new Hono<AppEnv>({
    getPath: (request) => new URL(request.url).pathname.toLowerCase().replace(/\/{2,}/g, '/'),
  });
  const note = (context: Context, operation: string) => audit.note(context.req.raw, { operation });

  const token = (version: EndpointVersion) => async (context: Context) => {
    note(context, 'TokenIssue');
    requirePost(context);
    const form = parseTokenForm(await context.req.text(), context.req.header('authorization'));
    // Libraries of the MSAL family send it as a field of the form.
    const given = form.get('client-request-id');
    if (given !== undefined && isGuid(given)) {
      context.set('correlationId', given);
      audit.note(context.req.raw, { correlationId: given });
    }
    const body = await answerTokenRequest(endpoint, {
      tenantSegment: context.req.param('tenant') ?? '',
      form,
      version,
      loginHost: loginHost(context),
      note: (facts) => audit.note(context.req.raw, facts),
    });
    return answer(context, body);
  };
  const configuration = (version: EndpointVersion) => (context: Context) => {
    note(context, 'OpenIdConfiguration');
    const name = context.req.param('tenant') ?? '';
    const segment = { kind: resolveTenant(name, tenant), name };
    const { hostname } = new URL(context.req.url);
    const host = hostname === 'sts.windows.net' ? 'login.microsoftonline.com' : hostname;
    return answer(context, openidConfiguration(host, segment, tenant, version));
  };
  const keys = async (context: Context) => {
    note(context, 'DiscoveryKeys');
    resolveTenant(context.req.param('tenant') ?? '', tenant);
    return answer(context, { keys: [(await key).jwk] });
  };

  const authorize = async (context: Context) => {
    note(context, 'Authorize');
    const sent = context.req.method === 'POST' ? await context.req.text() : new URL(context.req.url).search;
    try {
      const query = new URLSearchParams(sent);
      resolveSignInTenant(context.req.param('tenant') ?? '', tenant, query.get('client_id') ?? '');
      return answerAuthorize(endpoint, query);
    } catch (error) {
      if (!(error instanceof AadstsError)) throw error;
      audit.note(context.req.raw, { result: `AADSTS${error.code}` });
      return renderMessage(
        400,
        'Sorry, but we’re having trouble signing you in.',
        `AADSTS${error.code}: ${error.message}`,
      );
    }
  };

  app.use(async (context, next) => {
    await next();
    stampHeaders(endpoint, context);
  });
  app.use(async (context, next) => {
    const status = context.env.failure?.status;
    if (status === 429) throw new AadstsError(90055, 'There are too many incoming requests. Please try again later.');
    if (status !== undefined) throw new AadstsError(90033, 'A transient error has occurred. Please try again.');
    await next();
  });
  app.all('/:tenant/oauth2/v2.0/token', token('v2'));
  app.all('/:tenant/oauth2/token', token('v1'));
  app.on(['GET', 'POST'], ['/:tenant/oauth2/v2.0/authorize', '/:tenant/oauth2/authorize'], authorize);
  app.on('GET', ['/:tenant/oauth2/v2.0/logout', '/:tenant/oauth2/logout'], (context) => {
    note(context, 'Logout');
    return renderMessage(200, 'You signed out of your account', 'The lab keeps no session: there was nothing to end.');
  });
  app.get('/common/userrealm/:name', (context) => {
    note(context, 'UserRealm');
    return answer(context, userRealm(context.req.param('name'), tenant));
  });
  app.get('/:tenant/v2.0/.well-known/openid-configuration', configuration('v2'));
  app.get('/:tenant/.well-known/openid-configuration', configuration('v1'));
  app.get('/:tenant/discovery/v2.0/keys', keys);
  app.get('/:tenant/discovery/keys', keys);
  app.get('/:tenant/discovery/instance', (context) => {
    note(context, 'InstanceDiscovery');
    return answer(context, instanceDiscovery(context.req.query('authorization_endpoint')));
  });
  const devicecode = async (context: Context) => {
    note(context, 'DeviceCode');
    requirePost(context);
    const form = parseTokenForm(await context.req.text());
    const clientId = form.require('client_id');
    resolveSignInTenant(context.req.param('tenant') ?? '', tenant, clientId);
    const scope = form.get('scope') ?? '';
    return answer(context, deviceCode(grants, { userObjectId: directory.user.objectId, scope }));
  };
  app.all('/:tenant/oauth2/v2.0/devicecode', devicecode);
  app.all('/:tenant/oauth2/devicecode', devicecode);
  app.notFound((context) => {
    note(context, 'Unknown');
    return context.text('the lab serves no such page of the sign-in site', 404);
  });
  app.onError((error, context) => {
    if (!(error instanceof AadstsError)) throw error;
    audit.note(context.req.raw, { result: `AADSTS${error.code}` });
    const stamp = { traceId: traceId(endpoint, context), correlationId: correlationId(endpoint, context) };
    const { status, body } = renderAadsts(error, { ...stamp, nowMs: endpoint.clock.now() });
    return Response.json(body, { status: context.env.failure?.status ?? status });
  });
  return app;
}

/** The first host of the cloud that was asked: the one that its tokens and documents name. */
function loginHost(context: Context): string {
  const { hostname } = new URL(context.req.url);
  return cloudOfLoginHost(hostname)?.loginHosts[0] ?? AZURE_CLOUDS[0].loginHosts[0];
}

function requirePost(context: Context): void {
  const { method } = context.req;
  if (method === 'POST') return;
  throw new AadstsError(900561, `The endpoint only accepts POST requests. Received a ${method} request.`);
}

/** A sign-in by device code, approved at once: the lab has one user, and whoever can reach it is that user. */
function deviceCode(grants: UserGrants, grant: UserGrant): object {
  return {
    user_code: 'KEYFERRYLAB',
    device_code: grants.issue('device', grant).expose(),
    verification_uri: 'https://login.microsoftonline.com/device',
    expires_in: 900,
    interval: 1,
    message: 'The lab signs its user in by itself; there is nothing to enter.',
  };
}

function answer(context: Context, body: object): Response {
  return context.json(body);
}

/** The ids of an exchange are the same in the headers and in the body of an error. */
function traceId({ random }: TokenEndpointDeps, context: Context): string {
  const found = context.get('traceId') as string | undefined;
  if (found !== undefined) return found;
  const made = random.uuid();
  context.set('traceId', made);
  return made;
}

function correlationId({ random }: TokenEndpointDeps, context: Context): string {
  return givenCorrelationId(context) ?? random.uuid();
}

/** The client's own id of its request, from a header or the form. */
function givenCorrelationId(context: Context): string | undefined {
  const header = context.req.header('client-request-id') ?? '';
  return isGuid(header) ? header : (context.get('correlationId') as string | undefined);
}

function stampHeaders(endpoint: TokenEndpointDeps, context: Context): void {
  const { headers } = context.res;
  headers.set('cache-control', 'no-store, no-cache');
  headers.set('pragma', 'no-cache');
  headers.set('expires', '-1');
  headers.set('strict-transport-security', 'max-age=31536000; includeSubDomains');
  headers.set('x-content-type-options', 'nosniff');
  headers.set('x-ms-request-id', traceId(endpoint, context));
  headers.set('x-ms-ests-server', '2.1.0 - keyferry lab');
  headers.set('x-ms-clitelem', '1,0,0,,');
  const given = givenCorrelationId(context);
  if (given !== undefined) headers.set('client-request-id', given);
}
