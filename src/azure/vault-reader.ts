import type { VaultOptions, VaultReader } from './access.ts';
import { createCertificateReader } from './certificate-reader.ts';
import { createKeyReader } from './key-reader.ts';
import { createSecretReader } from './secret-reader.ts';
import type { AdapterOptions } from './adapter-options.ts';
import { createVaultChallenge } from './vault-challenge.ts';
import { createVaultConnection } from './vault-connection.ts';
import { createVaultLister } from './vault-lister.ts';

/** Reads one vault as one identity, by Microsoft's Key Vault libraries; those of keys and certificates are loaded when first needed. */
export function createVaultReader(adapter: AdapterOptions, options: VaultOptions): VaultReader {
  const connection = createVaultConnection(adapter, options);
  return {
    challenge: createVaultChallenge(connection),
    getSecret: createSecretReader(connection),
    getKey: createKeyReader(connection),
    getCertificate: createCertificateReader(connection),
    ...createVaultLister(connection),
  };
}
