import type { Agent } from 'node:https';
import { ClientAssertionCredential, ClientSecretCredential } from '@azure/identity';
import { decodeJwt } from 'jose';
import { withDeadline, KeyferryError, Secret, type Clock } from '#base';
import type { AccessToken, AzureRequest, Credential, TokenOptions, TokenSource } from './access.ts';
import { retryAfterMs, tokenError, type TokenFailure } from './azure-errors.ts';
import type { Cloud } from './clouds.ts';
import { correlationIdOf, observePolicy } from './request-policy.ts';
import type { PresentedClaims } from './token-hints.ts';

/** What the SDK adapters share. */
export interface AdapterOptions {
  readonly clock: Clock;
  /** Put before the SDK's own user agent. */
  readonly userAgent: string;
  /** The longest wait for one answer, milliseconds. */
  readonly timeoutMs: number;
  readonly onRequest: (request: AzureRequest) => void;
  /** How connections are made; undefined: as the libraries do it, by the process's environment. */
  readonly agent: Agent | undefined;
}

/**
 * Tokens by Microsoft's identity library. For Microsoft's own clouds an exchange is one POST: the library knows their
 * metadata. A cloud of one's own costs one GET more, of its OpenID configuration; instance discovery is off, as it would
 * ask login.microsoftonline.com about a host that it does not know.
 *
 * Each exchange has a credential object of its own. That is a matter of safety: the library caches tokens by client,
 * tenant and scope, and not by assertion, so a shared object would answer one pod with the token of another.
 */
export function createTokenSource(adapter: AdapterOptions, cloud: Cloud, credential: Credential): TokenSource {
  const { clock, timeoutMs } = adapter;
  return {
    async token(scope, options) {
      const what = `getting a token for client ${credential.clientId} in tenant ${credential.tenantId}`;
      let failure: TokenFailure | undefined;
      try {
        return await withDeadline({ clock, timeoutMs, signal: options.signal, what }, (signal) =>
          exchange(adapter, cloud, credential, scope, { ...options, signal }, (seen) => (failure = seen)),
        );
      } catch (error) {
        if (options.signal.aborted) throw tokenError(options.signal.reason, undefined, what);
        throw tokenError(error, failure, what, presentedClaims(credential));
      }
    },
  };
}

async function exchange(
  adapter: AdapterOptions,
  cloud: Cloud,
  credential: Credential,
  scope: string,
  { signal, claims, onSent }: TokenOptions,
  onFailure: (failure: TokenFailure) => void,
): Promise<AccessToken> {
  const { clock } = adapter;
  const options = {
    authorityHost: cloud.authorityHost,
    disableInstanceDiscovery: !cloud.wellKnown || credential.tenantId === 'adfs',
    retryOptions: { maxRetries: 0 },
    userAgentOptions: { userAgentPrefix: adapter.userAgent },
    ...(adapter.agent === undefined ? {} : { agent: adapter.agent }),
    additionalPolicies: [
      observePolicy({
        service: 'entra',
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
          onFailure({
            status: response.status,
            body: response.bodyAsText ?? undefined,
            retryAfterMs: retryAfterMs(response.headers.get('retry-after'), clock.now()),
          });
        },
      }),
    ],
  };
  const { tenantId, clientId } = credential;
  const sdk =
    credential.mode === 'workload-identity'
      ? new ClientAssertionCredential(tenantId, clientId, () => Promise.resolve(credential.assertion.expose()), options)
      : new ClientSecretCredential(tenantId, clientId, credential.clientSecret.expose(), options);
  const answer = await sdk.getToken(scope, { abortSignal: signal, ...(claims === undefined ? {} : { claims }) });
  if (answer === null) throw new KeyferryError('unauthenticated', 'Entra ID answered without a token');
  return { token: new Secret(answer.token), expiresAtMs: answer.expiresOnTimestamp };
}

/** What a longer claim or one with other characters would do to an event is not worth its help. */
const PLAIN_CLAIM = /^[\x21-\x7e]{1,300}$/;

/** The claims of a service account token, unchecked, for a text; undefined where there is none or it is odd. */
function presentedClaims(credential: Credential): PresentedClaims | undefined {
  if (credential.mode !== 'workload-identity') return undefined;
  try {
    const { iss: issuer = '', sub: subject = '' } = decodeJwt(credential.assertion.expose());
    return PLAIN_CLAIM.test(issuer) && PLAIN_CLAIM.test(subject) ? { issuer, subject } : undefined;
  } catch {
    return undefined;
  }
}
