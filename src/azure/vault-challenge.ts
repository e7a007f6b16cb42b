import { SecretClient } from '@azure/keyvault-secrets';
import { KeyferryError } from '#base';
import type { VaultReader } from './access.ts';
import type { VaultConnection } from './vault-connection.ts';

/** The one secret that is asked for without a token; no vault tells whether it has it. */
const ANY_NAME = 'challenge';

/**
 * Asks a vault without a token, so that it answers with its challenge: the resource whose tokens it takes. The library reads
 * it, and checks that the resource is a parent of the vault's host; no token is asked for here.
 */
export function createVaultChallenge(connection: VaultConnection): VaultReader['challenge'] {
  const { vaultUrl, clientOptions } = connection;
  return async (options) => {
    let scope: string | undefined;
    const credential: VaultConnection['credential'] = {
      getToken(scopes) {
        scope = [scopes].flat()[0];
        // There is a scope: the rest of the library's way is not gone.
        return Promise.reject(new KeyferryError('aborted', 'the challenge has been read'));
      },
    };
    return connection.call('secret', options, async (abortSignal) => {
      const client = new SecretClient(vaultUrl, credential, clientOptions);
      await client.getSecret(ANY_NAME, { abortSignal }).catch((error: unknown) => {
        if (scope === undefined) throw error;
      });
      if (scope === undefined) {
        throw new KeyferryError('failed-precondition', `${vaultUrl} answered without a challenge: it is no Key Vault`);
      }
      connection.takes(scope);
      return scope;
    });
  };
}
