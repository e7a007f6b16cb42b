import { createSingleFlight, type Clock, type Secret } from '#base';
import type { Pod } from '#kube';
import type { ApiAccess } from '../api-access.ts';

/** A service account token of a pod. */
export interface PodToken {
  readonly token: Secret<string>;
  readonly expirationTimestamp: string;
  /** When kubelet asks for a new one: at 80 % of its life, or after a day. */
  readonly refreshAtMs: number;
}

/** The tokens of the node's pods, asked for once per pod, audience and life. */
export interface TokenCache {
  get(pod: Pod, audience: string, expirationSeconds: number): Promise<PodToken>;
  /** Drops a pod's tokens. */
  forget(podUid: string): void;
}

const DAY_MS = 86_400_000;

/** An empty {@link TokenCache} (pkg/kubelet/token/token_manager.go). An empty audience is the API server's own. */
export function createTokenCache(api: ApiAccess, clock: Clock): TokenCache {
  const tokens = new Map<string, PodToken>();
  const flights = createSingleFlight<PodToken>();
  return {
    get: async (pod, audience, expirationSeconds) => {
      const { name = '', namespace = 'default', uid = '' } = pod.metadata ?? {};
      const key = `${uid}/${expirationSeconds}/${audience}`;
      const known = tokens.get(key);
      if (known !== undefined && known.refreshAtMs > clock.now()) return known;
      return flights.run(key, async () => {
        const issuedAtMs = clock.now();
        const { token, expirationTimestamp } = await api.createToken(
          { namespace, name: pod.spec?.serviceAccountName ?? 'default' },
          { audiences: audience === '' ? [] : [audience], expirationSeconds, boundPod: { name, uid } },
        );
        const lifeMs = Date.parse(expirationTimestamp) - issuedAtMs;
        const refreshAtMs = issuedAtMs + Math.min(lifeMs * 0.8, DAY_MS);
        const fresh = { token, expirationTimestamp, refreshAtMs };
        tokens.set(key, fresh);
        return fresh;
      });
    },
    forget: (podUid) => {
      for (const key of tokens.keys()) if (key.startsWith(`${podUid}/`)) tokens.delete(key);
    },
  };
}
