import { createHmac } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose';
import type { Clock, Secret } from '#base';
import type { Cloud, Identity } from '#azure';
import { IDENTITY_BINDING_AUDIENCE, TOKEN_EXCHANGE_AUDIENCE } from '../parameters/identity.ts';
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
  | {
      readonly proved: true;
      readonly key: string;
      /** What the caller's token claims, its signature checked; undefined in modes without such a token. */
      readonly claims: JWTPayload | undefined;
    }
  | { readonly proved: false; readonly reason: NoProofReason };

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
 * pod the same answer for its own credential. Two callers are the same when mode, authority, vaults' domain and tenant are
 * equal, and then, by mode, all that whoever judges the credential looks at:
 *
 *   - workload identity: Entra ID looks at an assertion's issuer, subject, audience, signature and times, and at the tenant,
 *     the client id and the scope of the request; nothing else of the pod reaches it. So the client id and the token's issuer,
 *     subject and audience are part of the key, where these claims count only after the token's signature was checked here
 *     with a key that the cluster itself publishes, and the token is within its times now. An attribute or an unverified
 *     claim is just text that a pod's author wrote: it never makes a proof. And the subject is the namespace and service
 *     account that kubelet named for this mount, so a token that was carried over from elsewhere proves nothing here.
 *   - token proxy: the API server's proxy judges the same claims of a token with an audience of its own, and what its RBAC
 *     lets that service account use: the user that it asks RBAC about is the subject. So the same, and the proxy's address and
 *     server name.
 *   - service principal: the client id and a keyed digest of the secret, or of the certificate with its password. A caller
 *     with another secret, wrong or right, has another key. The digest's key is random and never leaves this process.
 *   - managed identity: the node's metadata service gives whoever reaches it the token of the identity that is named; nothing
 *     of the pod reaches it, and a class may name any identity of the node. So the identity that is asked for is all.
 *   - pod identity: NMI decides by the pod's namespace and name, which kubelet gave, and by what is bound to that pod. So
 *     these, and the uid: a pod that took the name of another may be bound to something else.
 *
 * A caller without such a proof is not refused: it makes its own request with its own credential, which is judged where it
 * ends; its answers are shared with nobody. What remains is time: a credential that was revoked goes on serving equal callers
 * until the window since the exchange ends (broker.ts).
 */
/** Checks what a caller brought and answers the key of equal callers, or why there is none. Never throws for a bad token. */
export async function proveCaller(caller: Caller, options: ProofOptions, signal: AbortSignal): Promise<Proof> {
  const { cloud, tenantId, identity } = caller;
  const proof = await proofOf(identity, caller.pod, options, signal);
  if (typeof proof === 'string') return { proved: false, reason: proof };
  const place = [identity.mode, cloud.authorityHost, cloud.vaultDnsSuffix, cloud.vaultResource ?? '', tenantId];
  // JSON keeps the parts apart whatever characters they hold.
  return { proved: true, key: JSON.stringify([...place, ...proof.parts]), claims: proof.claims };
}

async function proofOf(
  identity: Identity,
  pod: Caller['pod'],
  options: ProofOptions,
  signal: AbortSignal,
): Promise<{ readonly parts: readonly string[]; readonly claims?: JWTPayload } | NoProofReason> {
  switch (identity.mode) {
    case 'workload-identity': {
      const claims = await verifiedClaims(identity.assertion, TOKEN_EXCHANGE_AUDIENCE, pod, options, signal);
      return typeof claims === 'string' ? claims : { parts: [identity.clientId, ...identifying(claims)], claims };
    }
    case 'token-proxy': {
      const { url, serverName = '' } = identity.proxy;
      const claims = await verifiedClaims(identity.assertion, IDENTITY_BINDING_AUDIENCE, pod, options, signal);
      if (typeof claims === 'string') return claims;
      return { parts: [identity.clientId, url, serverName, ...identifying(claims)], claims };
    }
    case 'service-principal':
      return { parts: [identity.clientId, digest([identity.clientSecret.expose()], options)] };
    case 'client-certificate': {
      const { certificate, password } = identity;
      return { parts: [identity.clientId, digest([certificate.expose(), password?.expose() ?? ''], options)] };
    }
    case 'managed-identity':
      return { parts: identity.assigned === undefined ? ['system-assigned'] : Object.values(identity.assigned) };
    case 'pod-identity':
    default: {
      const { namespace, name, uid } = identity.pod;
      return { parts: [namespace, name, uid] };
    }
  }
}

function digest(parts: readonly string[], { digestKey }: ProofOptions): string {
  return createHmac('sha256', digestKey.expose()).update(JSON.stringify(parts)).digest('base64');
}

function identifying({ iss = '', sub = '', aud }: JWTPayload): readonly string[] {
  return [iss, sub, JSON.stringify([aud].flat().toSorted((a, b) => (String(a) < String(b) ? -1 : 1)))];
}

async function verifiedClaims(
  assertion: Secret<string>,
  audience: string,
  pod: Caller['pod'],
  { clock, clusterKeys }: ProofOptions,
  signal: AbortSignal,
): Promise<JWTPayload | NoProofReason> {
  if (clusterKeys === undefined) return 'no-cluster-keys';
  const token = assertion.expose();
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
      audience,
      requiredClaims: ['iss', 'sub', 'aud', 'exp'],
      currentDate: new Date(clock.now()),
      clockTolerance: 0,
    });
    const { iss, sub } = payload;
    if (typeof iss !== 'string' || typeof sub !== 'string') return 'not-verified';
    if (pod.namespace === '' || pod.serviceAccountName === '') return 'other-subject';
    if (sub !== `system:serviceaccount:${pod.namespace}:${pod.serviceAccountName}`) return 'other-subject';
    return payload;
  } catch {
    return 'not-verified';
  }
}
