import { createHmac } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import type { Clock, Secret } from '#base';
import type { Cloud } from '#azure';
import { TOKEN_EXCHANGE_AUDIENCE, type Identity } from '../identity.ts';
import type { ClusterKeys } from './cluster-keys.ts';

/** Who a mount says it is: the identity with the place where it holds, and the pod as kubelet named it. */
export interface Caller {
  readonly cloud: Cloud;
  readonly tenantId: string;
  readonly identity: Identity;
  readonly pod: { readonly namespace: string; readonly serviceAccountName: string };
}

/** Why a caller's own word is not enough to share answers with others. Goes into logs and metrics. */
export type NoProofReason =
  'sharing-off' | 'no-cluster-keys' | 'unknown-key' | 'malformed' | 'not-rs256' | 'not-verified' | 'other-subject';

/** A proof: callers whose keys are equal are the same identity, proved the same way. */
export type Proof =
  { readonly proved: true; readonly key: string } | { readonly proved: false; readonly reason: NoProofReason };

/** What {@link proveCaller} works with. */
export interface ProofOptions {
  readonly clock: Clock;
  /** Undefined: the cluster's keys cannot be had. */
  readonly clusterKeys: ClusterKeys | undefined;
  /** Keys the digests of client secrets; random and never outside this process. */
  readonly digestKey: Secret<Uint8Array>;
}

/*
 * The safety argument. Answers that were fetched for one pod may serve another only if Azure would have given the other
 * pod the same answer for its own credential. Entra ID looks at an assertion's issuer, subject, audience, signature and
 * times, and at the tenant, the client id and the scope of the request; nothing else of the pod reaches it. So two
 * callers are the same when:
 *   - mode, authority, tenant and client id are equal (they are part of the key), and
 *   - their tokens have the same issuer, subject and audience (part of the key), where these claims count only after
 *     the token's signature was checked here with a key that the cluster itself publishes, and the token is within its
 *     times now. An attribute or an unverified claim is just text that a pod's author wrote: it never makes a proof;
 *   - and the subject is the namespace and service account that kubelet named for this mount, so a token that was
 *     carried over from elsewhere proves nothing here.
 * A caller without such a proof is not refused: it makes its own exchange with its own token, and Entra ID judges it; its
 * answers are shared with nobody. What remains is time: a credential that was revoked goes on serving equal callers until
 * the window since the exchange ends (broker.ts).
 * For a service principal the secret itself is the proof: a keyed digest of it is part of the key, and a caller with
 * another secret, wrong or right, has another key.
 */
/** Checks what a caller brought and answers the key of equal callers, or why there is none. Never throws for a bad token. */
export async function proveCaller(caller: Caller, options: ProofOptions, signal: AbortSignal): Promise<Proof> {
  const { cloud, tenantId, identity } = caller;
  const place = [identity.mode, cloud.authorityHost, cloud.vaultDnsSuffix, tenantId, identity.clientId];
  if (identity.mode === 'service-principal') {
    const digest = createHmac('sha256', options.digestKey.expose()).update(identity.clientSecret.expose());
    return proofKey([...place, digest.digest('base64')]);
  }
  const claims = await verifiedClaims(identity.token.expose(), caller.pod, options, signal);
  return typeof claims === 'string' ? { proved: false, reason: claims } : proofKey([...place, ...claims]);
}

// JSON keeps the parts apart whatever characters they hold.
function proofKey(parts: readonly string[]): Proof {
  return { proved: true, key: JSON.stringify(parts) };
}

async function verifiedClaims(
  token: string,
  pod: Caller['pod'],
  { clock, clusterKeys }: ProofOptions,
  signal: AbortSignal,
): Promise<readonly string[] | NoProofReason> {
  if (clusterKeys === undefined) return 'no-cluster-keys';
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    return 'malformed';
  }
  // Entra ID takes RS256 alone from a federated issuer; the list also keeps `none` and the HMAC algorithms out.
  if (header.alg !== 'RS256') return 'not-rs256';
  if (typeof header.kid !== 'string' || header.kid === '') return 'unknown-key';
  const key = await clusterKeys.find(header.kid, signal);
  if (key === undefined) return 'unknown-key';
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['RS256'],
      audience: TOKEN_EXCHANGE_AUDIENCE,
      requiredClaims: ['iss', 'sub', 'aud', 'exp'],
      currentDate: new Date(clock.now()),
      clockTolerance: 0,
    });
    const { iss, sub, aud } = payload;
    if (typeof iss !== 'string' || typeof sub !== 'string') return 'not-verified';
    if (pod.namespace === '' || pod.serviceAccountName === '') return 'other-subject';
    if (sub !== `system:serviceaccount:${pod.namespace}:${pod.serviceAccountName}`) return 'other-subject';
    return [iss, sub, JSON.stringify([aud].flat().toSorted((a, b) => (String(a) < String(b) ? -1 : 1)))];
  } catch {
    return 'not-verified';
  }
}
