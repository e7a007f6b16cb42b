import type { SecretClient, SecretClientOptions } from '@azure/keyvault-secrets';
import { KeyferryError, withDeadline } from '#base';
import type { CallOptions, VaultObjectKind, VaultOptions } from './access.ts';
import { vaultError } from './azure-errors.ts';
import { proxiedConnections } from './proxied-connections.ts';
import { correlationIdOf, observePolicy, type PipelineRequest, type PolicyOption } from './request-policy.ts';
import type { AdapterOptions } from './adapter-options.ts';

/** What the clients of Microsoft's Key Vault libraries are made with, the same for secrets, keys and certificates. */
export interface VaultConnection {
  readonly vaultUrl: string;
  readonly credential: ConstructorParameters<typeof SecretClient>[1];
  readonly clientOptions: SecretClientOptions;
  /** From now on tokens of this scope go with the first request. */
  takes(scope: string): void;
  /** Makes one request about an object of `kind`: its deadline, its correlation id, its error in our words. */
  call<T>(kind: VaultObjectKind, options: CallOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/**
 * One vault as one identity. Where the cloud's vault resource is known, or the vault has told it, the token goes with the first
 * request, which saves the library's opening request without one (and its 401). The host is always `<name>.<suffix>` of the same cloud, so the
 * token cannot reach a stranger. A vault that still answers 401 is handled by the library: it reads the challenge, checks
 * that its resource is a parent of the vault's host, and asks for a token again.
 */
export function createVaultConnection(adapter: AdapterOptions, options: VaultOptions): VaultConnection {
  const { clock, timeoutMs } = adapter;
  const { vaultUrl, tokens, cloud } = options;
  let scopeTaken = cloud.vaultResource === undefined ? undefined : `${cloud.vaultResource}/.default`;
  const tokenFor = async (scope: string, signal: AbortSignal, claims?: string) =>
    tokens.token(scope, { signal, ...(claims === undefined ? {} : { claims }) });
  // The requests of a call are known by its signal, which the library passes through.
  const tellers = new WeakMap<object, (request: PipelineRequest) => void>();
  return {
    vaultUrl,
    takes: (scope) => {
      scopeTaken = scope;
    },
    credential: {
      getToken: async (scopes, { abortSignal, claims } = {}) => {
        const scope = Array.isArray(scopes) ? scopes[0] : scopes;
        if (scope === undefined)
          throw new KeyferryError('internal', 'the vault client asked for a token without a scope');
        const { token, expiresAtMs } = await tokenFor(scope, asSignal(abortSignal), claims);
        return { token: token.expose(), expiresOnTimestamp: expiresAtMs };
      },
    },
    clientOptions: {
      retryOptions: { maxRetries: 0 },
      userAgentOptions: { userAgentPrefix: adapter.userAgent },
      ...(adapter.agent === undefined ? {} : { agent: adapter.agent }),
      ...(adapter.httpClient === undefined ? {} : { httpClient: adapter.httpClient }),
      additionalPolicies: [
        ownHostOnly(vaultUrl),
        proxiedConnections,
        tokenFirst(() => scopeTaken, tokenFor),
        observePolicy({
          service: 'keyvault',
          clock,
          onRequest: adapter.onRequest,
          prepare: (request) => {
            if (request.abortSignal !== undefined) tellers.get(request.abortSignal)?.(request);
          },
        }),
      ],
    },
    async call(kind, { signal: outer, onSent }, work) {
      // Without the name: whoever asks for several says which, and a refusal that they have in common stays one text.
      const what = `reading from ${vaultUrl}`;
      const tell = (request: PipelineRequest) => {
        const id = correlationIdOf(request);
        if (id !== undefined) onSent?.(id);
      };
      try {
        return await withDeadline({ clock, timeoutMs, signal: outer, what }, (abortSignal) => {
          tellers.set(abortSignal, tell);
          return work(abortSignal);
        });
      } catch (error) {
        throw vaultError(outer.aborted ? outer.reason : error, what, clock.now(), kind);
      }
    },
  };
}

/** The libraries follow the link to a list's next page wherever it leads, and the token would go with them. */
function ownHostOnly(vaultUrl: string): PolicyOption {
  const { host } = new URL(vaultUrl);
  return {
    position: 'perCall',
    policy: {
      name: 'keyferryOwnHostPolicy',
      sendRequest: (request, next) => {
        if (new URL(request.url).host === host) return next(request);
        throw new KeyferryError('failed-precondition', `reading from ${vaultUrl}: its answer leads to another host`);
      },
    },
  };
}

type TokenFor = (scope: string, signal: AbortSignal) => Promise<{ token: { expose(): string } }>;

function tokenFirst(scopeTaken: () => string | undefined, tokenFor: TokenFor): PolicyOption {
  return {
    position: 'perCall',
    policy: {
      name: 'keyferryTokenFirstPolicy',
      async sendRequest(request, next) {
        const scope = scopeTaken();
        if (scope === undefined) return next(request);
        const { token } = await tokenFor(scope, asSignal(request.abortSignal));
        request.headers.set('Authorization', `Bearer ${token.expose()}`);
        return next(request);
      },
    },
  };
}

// The SDKs' signal is an interface of their own with the same methods; ours are real ones all the way through.
function asSignal(signal: unknown): AbortSignal {
  return signal instanceof AbortSignal ? signal : new AbortController().signal;
}
