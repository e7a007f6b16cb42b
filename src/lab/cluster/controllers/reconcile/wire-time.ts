/** A time as Kubernetes writes it: RFC 3339 in whole seconds. */
export function wireTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
