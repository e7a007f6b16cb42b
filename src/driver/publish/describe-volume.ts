import type { LogFields } from '#base';
import type { PublishRequest } from '../request/parse-publish.ts';

/** The fields of a log line about a volume. */
export function describeVolume({ pod, className, volumeId, targetPath }: PublishRequest, provider: string): LogFields {
  return { namespace: pod.namespace, pod: pod.name, podUid: pod.uid, class: className, provider, volumeId, targetPath };
}
