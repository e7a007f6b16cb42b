import type { VaultObjectKind } from './access.ts';
import { NOT_TRUSTED, UNTRUSTED_CODES } from './trust-hint.ts';

/** By kind of object, its name in access policies, and the least role that may read it. */
const READERS = {
  secret: { plural: 'secrets', role: 'Key Vault Secrets User' },
  key: { plural: 'keys', role: 'Key Vault Crypto User' },
  cert: { plural: 'certificates', role: 'Key Vault Certificate User' },
} as const satisfies Record<VaultObjectKind, { plural: string; role: string }>;

type Hint = string | ((kind: VaultObjectKind) => string);

const giveGet: Hint = (kind) =>
  `give the identity the get permission for ${READERS[kind].plural} in the access policies of the vault, by its object id (oid in the message), not its client id`;
const assignRole: Hint = (kind) =>
  `assign the role ${READERS[kind].role} to the identity (oid in the message) on this vault; it can take some minutes`;
const missing =
  (what: string): Hint =>
  (kind) =>
    `check objectName${kind === 'secret' ? '' : ', objectType'} and objectVersion: the vault has no such ${what}; a deleted one can be recovered`;
const ENABLE_VERSION = 'enable the version, or name another one in objectVersion';

const UNREACHABLE = 'the node cannot reach the vault: look at its network, its firewall and its proxy';

/**
 * One line of help for what people meet at a vault, by code: the vault's inner and outer ones, and Node's where none answered.
 * A hint ends a pod's event, right after the vault's own text, and leans on the values that the text names.
 */
const VAULT_HINTS: Readonly<Record<string, Hint>> = {
  ForbiddenByPolicy: giveGet,
  AccessDenied: giveGet,
  ForbiddenByRbac: assignRole,
  ForbiddenByFirewall: "let the node's address (Client address in the message) through the firewall of the vault",
  ForbiddenByConnection: 'the vault takes no public traffic: reach it by a private endpoint',
  SecretDisabled: ENABLE_VERSION,
  KeyDisabled: ENABLE_VERSION,
  CertificateDisabled: ENABLE_VERSION,
  ENOTFOUND: "check keyvaultName and cloudName of the SecretProviderClass, and the node's DNS",
  EAI_AGAIN: "the node's DNS does not answer",
  ECONNREFUSED: UNREACHABLE,
  ECONNRESET: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  ...Object.fromEntries(UNTRUSTED_CODES.map((code) => [code, NOT_TRUSTED])),
  SecretNotFound: missing('secret'),
  KeyNotFound: missing('key'),
  CertificateNotFound: missing('certificate'),
  Throttled: 'the vault is asked too often; the mount is tried again by itself',
};

/** What a proxy on the way answers when it cannot or will not reach a host. A vault's own errors are JSON. */
const PROXY_STATUS: readonly (number | undefined)[] = [407, 502, 503, 504];
const NOT_THE_VAULT =
  'a proxy answered instead of the vault: check keyvaultName and cloudName of the SecretProviderClass, then the proxy';

/** The help for a failed vault request: by its codes, the outer one first, else by who answered; undefined where nothing is known. */
export function vaultHint({
  codes,
  status,
  isPlain,
  kind,
}: {
  readonly codes: readonly string[];
  readonly status: number | undefined;
  /** The answer was a text, not an error of a vault. */
  readonly isPlain: boolean;
  /** What was asked for. */
  readonly kind: VaultObjectKind;
}): string | undefined {
  const known = codes.find((code) => Object.hasOwn(VAULT_HINTS, code));
  const hint = known === undefined ? undefined : VAULT_HINTS[known];
  if (hint !== undefined) return typeof hint === 'string' ? hint : hint(kind);
  return isPlain && PROXY_STATUS.includes(status) ? NOT_THE_VAULT : undefined;
}
