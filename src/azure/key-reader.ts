import type { KeyClient } from '@azure/keyvault-keys';
import type { VaultReader } from './access.ts';
import type { VaultConnection } from './vault-connection.ts';

/** Public sides of the keys of one vault. */
export function createKeyReader(connection: VaultConnection): VaultReader['getKey'] {
  const { vaultUrl, credential, clientOptions } = connection;
  let client: KeyClient | undefined;
  return (name, version, options) =>
    connection.call('key', options, async (abortSignal) => {
      if (client === undefined) {
        const sdk = await import('@azure/keyvault-keys');
        client = new sdk.KeyClient(vaultUrl, credential, clientOptions);
      }
      const { key, keyType, properties } = await client.getKey(name, {
        ...(version === undefined ? {} : { version }),
        abortSignal,
      });
      const { crv, n, e, x, y } = key ?? {};
      return { version: properties.version ?? '', keyType: keyType ?? '', curve: crv, n, e, x, y };
    });
}
