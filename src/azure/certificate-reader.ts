import type { CertificateClient } from '@azure/keyvault-certificates';
import { KeyferryError } from '#base';
import type { VaultReader } from './access.ts';
import type { VaultConnection } from './vault-connection.ts';

/** Certificates of one vault: the leaf without its chain, which is all that this part of a vault's API gives. */
export function createCertificateReader(connection: VaultConnection): VaultReader['getCertificate'] {
  const { vaultUrl, credential, clientOptions } = connection;
  let client: CertificateClient | undefined;
  return (name, version, options) =>
    connection.call('cert', options, async (abortSignal) => {
      if (client === undefined) {
        const sdk = await import('@azure/keyvault-certificates');
        client = new sdk.CertificateClient(vaultUrl, credential, clientOptions);
      }
      const { cer, properties } = await (version === undefined
        ? client.getCertificate(name, { abortSignal })
        : client.getCertificateVersion(name, version, { abortSignal }));
      if (cer === undefined) {
        throw new KeyferryError('failed-precondition', `reading from ${vaultUrl}: certificate value is nil`);
      }
      return { version: properties.version ?? '', der: cer };
    });
}
