/** A time as Kubernetes writes it: to the second, in UTC. */
export function rfc3339(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
