import * as z from 'zod';
import {
  createCertificateAuthority,
  openCertificateAuthority,
  type CertificateAuthority,
  type CertificateAuthorityOptions,
} from '#crypto';
import type { Store } from '#lab/store';

const KEY = 'gateway/authority';
const pairSchema = z.object({ keyPem: z.string(), certPem: z.string() });

/**
 * The authority behind the gateway's certificates: made once, kept in the store, so that whatever trusts it still does after
 * a restart. Its key trusts nothing but this lab and is as private as the state folder.
 */
export async function openLabAuthority(
  store: Store,
  options: CertificateAuthorityOptions,
): Promise<CertificateAuthority> {
  const kept = store.get(KEY);
  if (kept !== undefined) return openCertificateAuthority(pairSchema.parse(kept), options);
  const id = options.random.bytes(3).toString('hex');
  const authority = await createCertificateAuthority(`Keyferry lab CA ${id}`, options);
  store.put(KEY, { ...authority.pair });
  return authority;
}
