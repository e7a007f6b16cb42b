import { SecretClient } from '@azure/keyvault-secrets';
import { KeyferryError, Secret } from '#base';
import type { VaultReader } from './access.ts';
import type { VaultConnection } from './vault-connection.ts';

/** Secrets of one vault. */
export function createSecretReader(connection: VaultConnection): VaultReader['getSecret'] {
  const { vaultUrl, credential, clientOptions } = connection;
  const client = new SecretClient(vaultUrl, credential, clientOptions);
  return (name, version, options) =>
    connection.call('secret', options, async (abortSignal) => {
      const answer = await client.getSecret(name, {
        ...(version === undefined ? {} : { version }),
        abortSignal,
      });
      if (answer.value === undefined) {
        throw new KeyferryError('failed-precondition', `reading from ${vaultUrl}: secret value is nil`);
      }
      return {
        value: new Secret(answer.value),
        version: answer.properties.version ?? '',
        contentType: answer.properties.contentType,
        keyId: answer.properties.certificateKeyId,
      };
    });
}
