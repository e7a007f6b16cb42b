import type { KeyferryError } from '#base';

/** The vault's codes for what it has not, or does not hand out to anybody. */
const MISSING_CODES: readonly string[] = [
  'SecretNotFound',
  'KeyNotFound',
  'CertificateNotFound',
  'SecretDisabled',
  'KeyDisabled',
  'CertificateDisabled',
];

/**
 * Whether a failure says that the vault has no such object, or only a disabled one; a search in a list that found nothing
 * says so without a code of the vault. A vault that is not there or refuses the caller says nothing about its objects.
 */
export function isMissing({ code, upstreamCode }: KeyferryError): boolean {
  if (upstreamCode === undefined) return code === 'not-found';
  return upstreamCode.split('/').some((each) => MISSING_CODES.includes(each));
}
