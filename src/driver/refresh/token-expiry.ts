import { TOKENS_ATTRIBUTE } from '#providerapi';

/**
 * When the first of a request's service account tokens expires, milliseconds since the epoch; Infinity where there is
 * none, or none that says so: then it is the provider's to judge. Kubelet's form, by audience:
 * `{"<audience>":{"token":"…","expirationTimestamp":"<RFC 3339>"}}`
 * (kubernetes/kubernetes pkg/volume/csi/csi_mounter.go, podServiceAccountTokenAttrs).
 */
export function tokensExpireAtMs(volumeContext: Readonly<Record<string, string>>): number {
  const text = volumeContext[TOKENS_ATTRIBUTE];
  if (text === undefined || text === '') return Infinity;
  let tokens: unknown;
  try {
    tokens = JSON.parse(text);
  } catch {
    return Infinity;
  }
  if (typeof tokens !== 'object' || tokens === null) return Infinity;
  return Object.values(tokens).reduce<number>((first, token) => Math.min(first, expiresAtMs(token)), Infinity);
}

function expiresAtMs(token: unknown): number {
  const time = (token as { readonly expirationTimestamp?: unknown } | null)?.expirationTimestamp;
  const ms = typeof time === 'string' ? Date.parse(time) : NaN;
  return Number.isNaN(ms) ? Infinity : ms;
}
