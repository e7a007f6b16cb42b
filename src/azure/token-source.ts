import { ClientAssertionCredential, ClientCertificateCredential, ClientSecretCredential } from '@azure/identity';
import { decodeJwt } from 'jose';
import { withDeadline, KeyferryError, Secret, type Clock } from '#base';
import type { AccessToken, TokenOptions, TokenSource } from './access.ts';
import type { AdapterOptions } from './adapter-options.ts';
import { retryAfterMs, tokenError, type TokenFailure } from './azure-errors.ts';
import type { Cloud } from './clouds.ts';
import { describeCredential, type Credential } from './credential.ts';
import { createNodeTokenSource, type NodeCredential, type NodeServices } from './node-token.ts';
import { proxiedConnections } from './proxied-connections.ts';
import { correlationIdOf, observePolicy } from './request-policy.ts';
import type { PresentedClaims } from './token-hints.ts';
import type { TokenProxies } from './token-proxy.ts';

/** What tokens of every mode are had with. */
export interface TokenServices {
  readonly node: NodeServices;
  readonly proxies: TokenProxies;
}

/** Tokens of one identity, from whoever gives them out in its mode. */
export function createTokenSource(
  adapter: AdapterOptions,
  services: TokenServices,
  cloud: Cloud,
  credential: Credential,
): TokenSource {
  return credential.mode === 'managed-identity' || credential.mode === 'pod-identity'
    ? createNodeTokenSource(adapter, services.node, credential)
    : createEntraTokenSource(adapter, services.proxies, cloud, credential);
}

type EntraCredential = Exclude<Credential, NodeCredential>;

/**
 * Tokens by Microsoft's identity library. For Microsoft's own clouds an exchange is one POST: the library knows their
 * metadata. A cloud of one's own costs one GET more, of its OpenID configuration; instance discovery is off, as it would
 * ask login.microsoftonline.com about a host that it does not know.
 *
 * Each exchange has a credential object of its own. That is a matter of safety: the library caches tokens by client,
 * tenant and scope, and not by assertion, so a shared object would answer one pod with the token of another.
 */
function createEntraTokenSource(
  adapter: AdapterOptions,
  proxies: TokenProxies,
  cloud: Cloud,
  credential: EntraCredential,
): TokenSource {
  const { clock, timeoutMs } = adapter;
  const service = credential.mode === 'token-proxy' ? credential.proxy.url : cloud.authorityHost;
  return {
    service,
    async token(scope, options) {
      const by = credential.mode === 'token-proxy' ? ` through the token proxy ${service}` : '';
      const what = `getting a token for ${describeCredential(credential)}${by}`;
      const { mode } = credential;
      const seen: Seen = { failure: undefined, networkError: undefined };
      try {
        return await withDeadline({ clock, timeoutMs, signal: options.signal, what }, (signal) =>
          exchange({ adapter, proxies, cloud, credential }, scope, { ...options, signal }, seen),
        );
      } catch (error) {
        if (options.signal.aborted) throw tokenError(options.signal.reason, undefined, what, { mode });
        const told = error instanceof KeyferryError ? error : (seen.networkError ?? error);
        throw tokenError(told, seen.failure, what, { mode, claims: presentedClaims(credential) });
      }
    },
  };
}

/** What an exchange saw of the answers, for its error. */
interface Seen {
  failure: TokenFailure | undefined;
  networkError: unknown;
}

interface Exchange {
  readonly adapter: AdapterOptions;
  readonly proxies: TokenProxies;
  readonly cloud: Cloud;
  readonly credential: EntraCredential;
}

async function exchange(
  { adapter, proxies, cloud, credential }: Exchange,
  scope: string,
  { signal, claims, onSent }: TokenOptions,
  seen: Seen,
): Promise<AccessToken> {
  const { clock } = adapter;
  const route = credential.mode === 'token-proxy' ? [await proxies.route(credential.proxy, signal)] : [];
  const options = {
    authorityHost: cloud.authorityHost,
    disableInstanceDiscovery: !cloud.wellKnown || credential.tenantId === 'adfs',
    retryOptions: { maxRetries: 0 },
    userAgentOptions: { userAgentPrefix: adapter.userAgent },
    ...(adapter.agent === undefined ? {} : { agent: adapter.agent }),
    ...(adapter.httpClient === undefined ? {} : { httpClient: adapter.httpClient }),
    additionalPolicies: [
      proxiedConnections,
      ...route,
      observePolicy({
        service: credential.mode === 'token-proxy' ? 'token-proxy' : 'entra',
        clock,
        onRequest: adapter.onRequest,
        // The library takes no signal through its token call; the request itself does.
        prepare: (request) => {
          request.abortSignal = signal;
          const id = correlationIdOf(request);
          if (id !== undefined) onSent?.(id);
        },
        onResponse: (response) => {
          if (response.status < 400) return;
          seen.failure = {
            status: response.status,
            body: response.bodyAsText ?? undefined,
            retryAfterMs: retryAfterMs(response.headers.get('retry-after'), clock.now()),
          };
        },
        onNoResponse: (error) => {
          seen.networkError = error;
        },
      }),
    ],
  };
  const sdk = await libraryCredential(credential, options, clock);
  const answer = await sdk.getToken(scope, { abortSignal: signal, ...(claims === undefined ? {} : { claims }) });
  if (answer === null) throw new KeyferryError('unauthenticated', 'Entra ID answered without a token');
  return { token: new Secret(answer.token), expiresAtMs: answer.expiresOnTimestamp };
}

type LibraryOptions = NonNullable<ConstructorParameters<typeof ClientAssertionCredential>[3]>;

async function libraryCredential(
  credential: EntraCredential,
  options: LibraryOptions,
  clock: Clock,
): Promise<ClientAssertionCredential | ClientSecretCredential | ClientCertificateCredential> {
  const { tenantId, clientId } = credential;
  switch (credential.mode) {
    case 'workload-identity':
    case 'token-proxy': {
      const assertion = () => Promise.resolve(credential.assertion.expose());
      return new ClientAssertionCredential(tenantId, clientId, assertion, options);
    }
    case 'service-principal':
      return new ClientSecretCredential(tenantId, clientId, credential.clientSecret.expose(), options);
    case 'client-certificate':
    default: {
      const { readClientCertificate } = await import('./client-certificate.ts');
      const certificate = await readClientCertificate(credential, clock.now());
      return new ClientCertificateCredential(tenantId, clientId, { certificate }, options);
    }
  }
}

/** What a longer claim or one with other characters would do to an event is not worth its help. */
const PLAIN_CLAIM = /^[\x21-\x7e]{1,300}$/;

/** The claims of a service account token, unchecked, for a text; undefined where there is none or it is odd. */
function presentedClaims(credential: EntraCredential): PresentedClaims | undefined {
  if (credential.mode !== 'workload-identity' && credential.mode !== 'token-proxy') return undefined;
  try {
    const { iss: issuer = '', sub: subject = '' } = decodeJwt(credential.assertion.expose());
    return PLAIN_CLAIM.test(issuer) && PLAIN_CLAIM.test(subject) ? { issuer, subject } : undefined;
  } catch {
    return undefined;
  }
}
