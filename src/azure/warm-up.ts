import { createSecureContext } from 'node:tls';
import { Secret } from '#base';
import type { AzureClients } from './access.ts';
import { findCloud } from './clouds.ts';
import type { AdapterOptions } from './adapter-options.ts';

const NOBODY = '00000000-0000-0000-0000-000000000000';
const VAULT_URL = 'https://warm-up.vault.azure.net';

/**
 * Runs the code of the libraries once, from a token to a secret, with answers that are made here: nothing leaves the process.
 * So the first mount does not wait for what is done once: reading that code, and the system's certificate authorities.
 */
export async function runWithoutNetwork(
  clientsOn: (httpClient: NonNullable<AdapterOptions['httpClient']>) => AzureClients,
  signal: AbortSignal,
): Promise<void> {
  const cloud = findCloud('AzurePublicCloud');
  if (cloud === undefined) return;
  createSecureContext();
  const clients = clientsOn({
    sendRequest: (request) => {
      const body = request.url.startsWith(VAULT_URL)
        ? { value: 'none', id: `${VAULT_URL}/secrets/none/${'0'.repeat(32)}`, attributes: { enabled: true } }
        : { token_type: 'Bearer', expires_in: 3599, access_token: 'none' };
      request.headers.set('content-type', 'application/json');
      return Promise.resolve({ request, headers: request.headers, status: 200, bodyAsText: JSON.stringify(body) });
    },
  });
  const assertion = new Secret('none');
  const credential = { mode: 'workload-identity', tenantId: NOBODY, clientId: NOBODY, assertion } as const;
  const tokens = clients.tokenSource(cloud, credential);
  await clients.vaultReader({ cloud, vaultUrl: VAULT_URL, tokens }).getSecret('none', undefined, { signal });
}
