import { orderChain, readPkcs12, readPrivateKey, renderPem, splitPem, type Pkcs12Content } from '#crypto';
import { KeyferryError, Secret } from '#base';
import type { FetchedSecret } from '#azure';
import { decodeText } from './decode.ts';

/** How a vault gives the private side of a certificate: as text with PEM blocks, or as PKCS#12 in base64. */
export type CertificateForm = 'pem' | 'pkcs12';

const FORMS: Readonly<Record<string, CertificateForm>> = {
  'application/x-pem-file': 'pem',
  'application/x-pkcs12': 'pkcs12',
};

/** The form of the secret behind a certificate, by its content type; where the vault tells none, by what it looks like. */
export function certificateForm({ contentType, value }: FetchedSecret): CertificateForm {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const known = Object.hasOwn(FORMS, mediaType) ? FORMS[mediaType] : undefined;
  const form = known ?? (mediaType === '' ? detectForm(value.expose()) : undefined);
  if (form !== undefined) return form;
  // What somebody else wrote, cut to what an event can show.
  const told = (contentType ?? '').slice(0, 100);
  throw new KeyferryError('failed-precondition', `failed to get certificate. unknown content type '${told}'`, {
    hint: 'the vault gives certificates as application/x-pem-file or application/x-pkcs12: set the content type of this version',
  });
}

function detectForm(value: string): CertificateForm | undefined {
  if (value.includes('-----BEGIN ')) return 'pem';
  // A PFX is a sequence.
  return decodeText(value, 'base64')?.[0] === 0x30 ? 'pkcs12' : undefined;
}

/** How PKCS#12 becomes PEM. */
export interface PemOptions {
  /** Whether the certificates are put in the order of their chain, where they are one (`--construct-pem-chain`). */
  readonly constructPemChain: boolean;
}

/**
 * A vault's PKCS#12 as PEM: private keys as PKCS#8, then certificates. In order they are leaf, intermediates, root; where
 * something is missing between them they stay in the order of the file. Throws `failed-precondition`.
 */
export async function renderPkcs12AsPem(value: Secret<string>, options: PemOptions): Promise<Secret<string>> {
  const bytes = decodeText(value.expose(), 'base64');
  if (bytes === undefined) {
    throw new KeyferryError('failed-precondition', 'failed to get certificate. its PKCS#12 is not base64');
  }
  const { keys, certificates } = await readPkcs12(bytes, '').catch((error: unknown) => {
    throw withHint(error);
  });
  const ordered = options.constructPemChain ? inOrder(keys, certificates) : certificates;
  return new Secret(
    [
      ...keys.map((der) => renderPem({ label: 'PRIVATE KEY', der: der.expose() })),
      ...ordered.map((der) => renderPem({ label: 'CERTIFICATE', der })),
    ].join(''),
  );
}

function withHint(error: unknown): unknown {
  if (!(error instanceof KeyferryError) || error.hint !== undefined) return error;
  const hint = 'Key Vault hands out PKCS#12 without a password: import the certificate again, or use objectFormat: pfx';
  return new KeyferryError(error.code, error.message, { hint });
}

function inOrder(keys: Pkcs12Content['keys'], certificates: readonly Buffer[]): readonly Buffer[] {
  if (certificates.length === 0) {
    throw new KeyferryError('failed-precondition', 'no leaf found: the PKCS#12 holds no certificate');
  }
  const [key] = keys;
  return orderChain(certificates, key && readPrivateKey(key.expose())) ?? certificates;
}

/** A PEM text in two: its certificates, and everything else (keys). Either may be empty, as where the key cannot be exported. */
export function splitCertificateAndKey(pem: Secret<string>): { readonly certificates: string; readonly keys: string } {
  const blocks = splitPem(pem.expose());
  const join = (certificates: boolean) =>
    blocks
      .filter(({ label }) => (label === 'CERTIFICATE') === certificates)
      .map(renderPem)
      .join('');
  return { certificates: join(true), keys: join(false) };
}
