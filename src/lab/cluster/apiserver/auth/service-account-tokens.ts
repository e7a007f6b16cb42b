import { errors, exportJWK, jwtVerify, SignJWT } from 'jose';
import { Secret, type Clock, type Random } from '#base';
import type { KubeObject } from '#kube';
import { recordOf, valueAt } from '../json.ts';
import type { UserInfo } from '../operations/context.ts';
import { badRequest, conflict, invalid, notFound } from '../status-errors.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { rfc3339 } from '../time.ts';
import type { SigningKeys } from './signing-keys.ts';

/** What a token is asked for (authentication.k8s.io/v1 TokenRequestSpec). */
export interface TokenSpec {
  /** Empty: the API server's own. */
  readonly audiences: readonly string[];
  readonly expirationSeconds?: number | undefined;
  readonly boundObject?:
    { readonly kind: string; readonly apiVersion?: string; readonly name: string; readonly uid?: string } | undefined;
}

/** A token with the end of its life, RFC 3339. */
export interface IssuedToken {
  readonly token: Secret<string>;
  readonly expirationTimestamp: string;
  readonly audiences: readonly string[];
}

/** A token that was accepted: its user and those of its audiences that were asked for. */
export interface VerifiedToken {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
}

/** Issues and checks the tokens of service accounts. */
export interface ServiceAccountTokens {
  /** Issues a token. Throws 404 for a missing account or bound object, 409 for a bound object of another uid, 422 for a life below 10 minutes. */
  issue(account: { readonly namespace: string; readonly name: string }, spec: TokenSpec): Promise<IssuedToken>;
  /** Checks signature, issuer, times, audience, and that the account and the bound object still live. Undefined: not accepted. */
  verify(token: string, audiences?: readonly string[]): Promise<VerifiedToken | undefined>;
  /** The OpenID Connect discovery document of the issuer. */
  openidConfiguration(): Record<string, unknown>;
  jwks(): Promise<Record<string, unknown>>;
  /** The audiences of the API server itself. */
  readonly apiAudiences: readonly string[];
}

/** What the token service works with. */
export interface ServiceAccountTokensOptions {
  readonly storage: ObjectStorage;
  readonly keys: SigningKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly issuerUrl: string;
}

const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
const DEFAULT_SECONDS = 3600;
const BOUND = {
  Pod: { group: '', resource: 'pods' },
  Secret: { group: '', resource: 'secrets' },
  Node: { group: '', resource: 'nodes' },
} as const;
const ACCOUNTS = { group: '', resource: 'serviceaccounts' };

/** The token service of one cluster. */
export function createServiceAccountTokens(options: ServiceAccountTokensOptions): ServiceAccountTokens {
  const { storage, keys, clock, random, issuerUrl } = options;
  const apiAudiences = [issuerUrl, 'https://kubernetes.default.svc', 'https://kubernetes.default.svc.cluster.local'];
  const issuer = issuerUrl;

  const bind = (namespace: string, spec: TokenSpec): Record<string, unknown> => {
    const { boundObject } = spec;
    if (boundObject === undefined) return {};
    const collection = Object.hasOwn(BOUND, boundObject.kind)
      ? BOUND[boundObject.kind as keyof typeof BOUND]
      : undefined;
    if (collection === undefined) {
      throw badRequest(
        `cannot bind token to object of type ${boundObject.apiVersion ?? 'v1'}, Kind=${boundObject.kind}`,
      );
    }
    const object = storage.get(collection, boundObject.kind === 'Node' ? undefined : namespace, boundObject.name);
    if (object === undefined) throw notFound(collection, boundObject.name);
    const uid = object.metadata.uid ?? '';
    if (boundObject.uid !== undefined && boundObject.uid !== '' && boundObject.uid !== uid) {
      throw conflict(
        collection,
        boundObject.name,
        `the UID in the bound object reference (${boundObject.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    }
    const claim = { [boundObject.kind.toLowerCase()]: { name: boundObject.name, uid } };
    return boundObject.kind === 'Pod' ? { ...claim, ...nodeClaim(storage, object) } : claim;
  };

  const verifyingKey = ({ kid }: { readonly kid?: string | undefined }) => {
    const key = keys.valid().find(({ id }) => id === kid);
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key.publicKey;
  };

  return {
    apiAudiences,
    async issue({ namespace, name }, spec) {
      const account = storage.get(ACCOUNTS, namespace, name);
      if (account === undefined) throw notFound(ACCOUNTS, name);
      const seconds = checkedSeconds(spec.expirationSeconds ?? DEFAULT_SECONDS);
      checkAccount(spec, storage, namespace, name);
      const audiences = spec.audiences.length === 0 ? [issuer] : spec.audiences;
      const now = Math.floor(clock.now() / 1000);
      const claims = {
        'kubernetes.io': {
          namespace,
          ...bind(namespace, spec),
          serviceaccount: { name, uid: account.metadata.uid ?? '' },
        },
      };
      const key = keys.current();
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: key.id })
        .setIssuer(issuer)
        .setSubject(subjectOf(namespace, name))
        .setAudience([...audiences])
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + seconds)
        .setJti(random.uuid())
        .sign(key.privateKey);
      return { token: new Secret(token), expirationTimestamp: rfc3339((now + seconds) * 1000), audiences };
    },
    async verify(token, audiences = apiAudiences) {
      const claims = await jwtVerify(token, verifyingKey, {
        issuer,
        algorithms: ['RS256'],
        currentDate: new Date(clock.now()),
      }).then(
        ({ payload }) => payload,
        () => undefined,
      );
      if (claims === undefined) return undefined;
      const held = Array.isArray(claims.aud) ? claims.aud : [claims.aud ?? ''];
      const shared = audiences.filter((audience) => held.includes(audience));
      if (shared.length === 0) return undefined;
      const user = userOf(storage, claims['kubernetes.io'], claims.jti, clock.now());
      return user === undefined ? undefined : { user, audiences: shared };
    },
    openidConfiguration: () => ({
      issuer,
      jwks_uri: `${issuer}${issuer.endsWith('/') ? '' : '/'}openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    }),
    jwks: async () => ({
      keys: await Promise.all(
        keys.valid().map(async ({ id, publicKey }) => ({
          ...(await exportJWK(publicKey)),
          use: 'sig',
          alg: 'RS256',
          kid: id,
        })),
      ),
    }),
  };
}

/** The `sub` and user name of a service account. */
export function subjectOf(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

function checkedSeconds(seconds: number): number {
  const detail =
    seconds < MIN_SECONDS
      ? 'may not specify a duration less than 10 minutes'
      : seconds > MAX_SECONDS
        ? 'may not specify a duration larger than 2^32 seconds'
        : undefined;
  if (detail === undefined) return seconds;
  throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
    { field: 'spec.expirationSeconds', reason: 'FieldValueInvalid', value: seconds, detail },
  ]);
}

/** A pod's token is only for the account that the pod runs as. */
function checkAccount(spec: TokenSpec, storage: ObjectStorage, namespace: string, name: string): void {
  if (spec.boundObject?.kind !== 'Pod') return;
  const pod = storage.get(BOUND.Pod, namespace, spec.boundObject.name);
  const runsAs = valueAt(pod, ['spec', 'serviceAccountName']);
  if (pod === undefined || runsAs === name) return;
  throw badRequest(`cannot bind token for serviceaccount "${name}" to pod running with different serviceaccount name.`);
}

function nodeClaim(storage: ObjectStorage, pod: KubeObject): Record<string, unknown> {
  const name = valueAt(pod, ['spec', 'nodeName']);
  if (typeof name !== 'string' || name === '') return {};
  const node = storage.get(BOUND.Node, undefined, name);
  return { node: { name, ...(node === undefined ? {} : { uid: node.metadata.uid ?? '' }) } };
}

const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

/** How long a token outlives what it is bound to, once that was to be gone (jwt.DefaultLeeway, as kube-apiserver's claims.go takes it). */
const LEEWAY_MS = 60_000;

/** The user of a token whose account, and pod, secret or node, are still those that it was issued for. */
function userOf(storage: ObjectStorage, claims: unknown, id: string | undefined, nowMs: number): UserInfo | undefined {
  const { namespace, serviceaccount, pod, secret, node } = recordOf(claims);
  const lives = (object: KubeObject | undefined, uid: unknown) =>
    object !== undefined && object.metadata.uid === uid && !isOverdue(object, nowMs);
  const { name, uid } = recordOf(serviceaccount);
  if (typeof namespace !== 'string' || typeof name !== 'string') return undefined;
  if (!lives(storage.get(ACCOUNTS, namespace, name), uid)) return undefined;
  const extra: Record<string, string[]> = {};
  if (id !== undefined) extra[CREDENTIAL_ID] = [`JTI=${id}`];
  for (const [kind, claim] of [
    ['Pod', pod],
    ['Secret', secret],
  ] as const) {
    if (claim === undefined) continue;
    const { name: boundName, uid: boundUid } = recordOf(claim);
    if (!lives(storage.get(BOUND[kind], namespace, String(boundName)), boundUid)) return undefined;
    if (kind === 'Pod') {
      extra['authentication.kubernetes.io/pod-name'] = [String(boundName)];
      extra['authentication.kubernetes.io/pod-uid'] = [String(boundUid)];
    }
  }
  const { name: nodeName, uid: nodeUid } = recordOf(node);
  // A pod's token names its node only to tell of it; one that is bound to a node ends with that.
  const isNodes = node !== undefined && pod === undefined;
  if (isNodes && !lives(storage.get(BOUND.Node, undefined, String(nodeName)), nodeUid)) return undefined;
  if (typeof nodeName === 'string') extra['authentication.kubernetes.io/node-name'] = [nodeName];
  return {
    username: subjectOf(namespace, name),
    uid: String(uid),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra,
  };
}

/** Whether an object was to be deleted a while ago, whatever still holds it. */
function isOverdue({ metadata: { deletionTimestamp } }: KubeObject, nowMs: number): boolean {
  return typeof deletionTimestamp === 'string' && Date.parse(deletionTimestamp) < nowMs - LEEWAY_MS;
}
