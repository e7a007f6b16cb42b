import { renderAttributes } from './attributes.ts';
import type { CertificatePolicy } from './certificate-policy.ts';
import { renderPolicy } from './certificate-version.ts';
import type { KeyMaterial } from './key-material.ts';
import type { StoredVersion } from './object-store.ts';
import { objectUrl, type VaultCall } from './vault-call.ts';

/**
 * The last request for a certificate: of a finished one what it was, of one that waits for a certificate from outside all that
 * makes a version of it once that comes. `enabled` and `tags` are those of the version.
 */
export interface CertificateOperation extends StoredVersion {
  readonly requestId: string;
  readonly status: 'inProgress' | 'completed';
  readonly cancellationRequested: boolean;
  readonly issuer: CertificatePolicy['issuer'];
  /** DER in base64. */
  readonly csr: string;
  /** Of a request that waits; `version` is that of the certificate which is to come. */
  readonly waiting?: {
    readonly version: string;
    readonly material: KeyMaterial;
    readonly policy: CertificatePolicy;
    readonly keepOrder: boolean;
  };
}

/**
 * The certificate that a request waits for, on the wire, where it is what a client asks for: as the version of that name, and
 * as the certificate while no version of it was ever issued. It is there from the start, and disabled (as recorded with an SDK).
 */
export function renderWaiting(call: VaultCall, operation: CertificateOperation): Record<string, unknown> | undefined {
  const { name, waiting, created, updated, tags } = operation;
  if (waiting === undefined) return undefined;
  if (call.params['version'] !== undefined && call.params['version'] !== waiting.version) return undefined;
  const times = { created, updated };
  return {
    id: objectUrl(call, 'certificates', name, waiting.version),
    kid: objectUrl(call, 'keys', name, waiting.version),
    sid: objectUrl(call, 'secrets', name, waiting.version),
    attributes: renderAttributes(call.vault, { ...operation, enabled: false }),
    tags: tags ?? {},
    policy: renderPolicy(call, { name, policy: waiting.policy, policyTimes: times }),
    pending: { id: objectUrl(call, 'certificates', name, 'pending') },
  };
}

/** A request on the wire (Key Vault REST API, CertificateOperation). */
export function renderOperation(call: VaultCall, operation: CertificateOperation): Record<string, unknown> {
  const { name, issuer, csr, cancellationRequested, status, waiting, requestId } = operation;
  return {
    id: objectUrl(call, 'certificates', name, 'pending'),
    issuer,
    csr,
    cancellation_requested: cancellationRequested,
    status,
    ...(status === 'inProgress' ? { status_details: waiting === undefined ? ISSUING : AWAITING_MERGE } : {}),
    ...(status === 'completed' ? { target: objectUrl(call, 'certificates', name) } : {}),
    request_id: requestId,
  };
}

// The first text as recorded with an SDK; the second as people quote it.
const ISSUING =
  'Pending certificate created. Certificate request is in progress. This may take some time based on the issuer provider. Please check again later.';
const AWAITING_MERGE = 'Pending certificate created. Please Perform Merge to complete the request.';
