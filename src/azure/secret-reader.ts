import { SecretClient } from '@azure/keyvault-secrets';
import { KeyferryError, Secret, withDeadline } from '#base';
import type { SecretReader, VaultOptions } from './access.ts';
import { vaultError } from './azure-errors.ts';
import { correlationIdOf, observePolicy, type PipelineRequest, type PolicyOption } from './request-policy.ts';
import type { AdapterOptions } from './token-source.ts';

/**
 * Secrets by Microsoft's Key Vault library. Where the cloud's vault resource is known the token goes with the first
 * request, which saves the library's opening request without one (and its 401). The host is always `<name>.<suffix>` of the
 * same cloud, so the token cannot reach a stranger. A vault that still answers 401 is handled by the library: it reads the
 * challenge, checks that its resource is a parent of the vault's host, and asks for a token again.
 */
export function createSecretReader(adapter: AdapterOptions, options: VaultOptions): SecretReader {
  const { clock, timeoutMs } = adapter;
  const { vaultUrl, tokens, cloud } = options;
  const tokenFor = async (scope: string, signal: AbortSignal, claims?: string) =>
    tokens.token(scope, { signal, ...(claims === undefined ? {} : { claims }) });
  const client = new SecretClient(
    vaultUrl,
    {
      getToken: async (scopes, { abortSignal, claims } = {}) => {
        const scope = Array.isArray(scopes) ? scopes[0] : scopes;
        if (scope === undefined)
          throw new KeyferryError('internal', 'the vault client asked for a token without a scope');
        const { token, expiresAtMs } = await tokenFor(scope, asSignal(abortSignal), claims);
        return { token: token.expose(), expiresOnTimestamp: expiresAtMs };
      },
    },
    {
      retryOptions: { maxRetries: 0 },
      userAgentOptions: { userAgentPrefix: adapter.userAgent },
      ...(adapter.agent === undefined ? {} : { agent: adapter.agent }),
      additionalPolicies: [
        ...(cloud.vaultResource === undefined ? [] : [tokenFirst(`${cloud.vaultResource}/.default`, tokenFor)]),
        observePolicy({ service: 'keyvault', clock, onRequest: adapter.onRequest }),
      ],
    },
  );
  return {
    async getSecret(name, version, { signal: outer, onSent }) {
      // Without the name: whoever asks for several says which, and a refusal that they have in common stays one text.
      const what = `reading from ${vaultUrl}`;
      const tell = (request: PipelineRequest | undefined) => {
        const id = request === undefined ? undefined : correlationIdOf(request);
        if (id !== undefined) onSent?.(id);
      };
      try {
        return await withDeadline({ clock, timeoutMs, signal: outer, what }, async (abortSignal) => {
          const answer = await client.getSecret(name, {
            ...(version === undefined ? {} : { version }),
            abortSignal,
            onResponse: ({ request }) => tell(request),
          });
          if (answer.value === undefined)
            throw new KeyferryError('failed-precondition', `${what}: secret value is nil`);
          return {
            value: new Secret(answer.value),
            version: answer.properties.version ?? '',
            contentType: answer.properties.contentType,
            keyId: answer.properties.certificateKeyId,
          };
        });
      } catch (error) {
        // Without an answer, the library's error has the request.
        tell((error as { readonly request?: PipelineRequest }).request);
        throw vaultError(outer.aborted ? outer.reason : error, what, clock.now());
      }
    },
  };
}

type TokenFor = (scope: string, signal: AbortSignal) => Promise<{ token: Secret<string> }>;

function tokenFirst(scope: string, tokenFor: TokenFor): PolicyOption {
  return {
    position: 'perCall',
    policy: {
      name: 'keyferryTokenFirstPolicy',
      async sendRequest(request, next) {
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
