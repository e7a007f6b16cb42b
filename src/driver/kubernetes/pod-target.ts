import type { EventTarget } from '#kube';
import type { PodIdentity } from '../request/parse-publish.ts';

/** The pod as the object of an event. */
export function podTarget({ namespace, name, uid }: PodIdentity): EventTarget {
  return { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
}
