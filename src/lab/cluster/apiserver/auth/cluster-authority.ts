import type { Clock, Random } from '#base';
import { createCertificateAuthority, openCertificateAuthority, type CertificateAuthority } from '#crypto';
import type { Store } from '#lab/store';
import { recordOf } from '../json.ts';

const CA_KEY = 'credentials/ca';

/** The authority of the server's certificate and the clients', out of the store or made and stored. */
export async function loadClusterAuthority(
  store: Store,
  options: { readonly clock: Clock; readonly random: Random },
): Promise<CertificateAuthority> {
  const { keyPem, certPem } = recordOf(store.get(CA_KEY));
  if (typeof keyPem === 'string' && typeof certPem === 'string') {
    return openCertificateAuthority({ keyPem, certPem }, options);
  }
  const ca = await createCertificateAuthority('kubernetes', options);
  store.put(CA_KEY, { ...ca.pair });
  return ca;
}
