import { basename, dirname } from 'node:path';
import { KeyferryError, shortenMiddle } from '#base';
import type { PublishRequest } from '../request/parse-publish.ts';
import type { StageFailure } from './stage.ts';
import { textWithHint } from '../kubernetes/text-with-hint.ts';

/** What an event has room for, and what kubelet puts before a driver's text, beside the name of the volume. */
const EVENT_LENGTH = 1024;
const KUBELETS_WORDS = 'MountVolume.SetUp failed for volume "" : rpc error: code = FailedPrecondition desc = '.length;
/** What is left of an error's text, whatever the names of namespace, pod and volume are. */
const MIN_ERROR_LENGTH = 400;

/**
 * The error that kubelet gets, whose text becomes the pod's FailedMount event: what was attempted, why it failed, and
 * what helps, which stands last, so a text that is too long loses its middle. The code is the cause's, so that a
 * retryable one stays so.
 */
export function describeFailure(
  { pod, targetPath }: Pick<PublishRequest, 'pod' | 'targetPath'>,
  { errorType, error }: StageFailure,
): KeyferryError {
  if (errorType === 'FailedToEnsureMountPoint') return error;
  const what = `failed to mount secrets store objects for pod ${pod.namespace}/${pod.name}, err: `;
  // A target path ends in <volume>/mount.
  const before = KUBELETS_WORDS + basename(dirname(targetPath)).length + what.length;
  const text = shortenMiddle(textWithHint(error), Math.max(EVENT_LENGTH - before, MIN_ERROR_LENGTH));
  // Without the error as its cause: its text, perhaps shortened, would be told again.
  return new KeyferryError(
    error.code === 'not-found' || error.code === 'internal' ? 'unknown' : error.code,
    `${what}${text}`,
    {
      issues: error.issues,
      ...(error.hint !== undefined && { hint: error.hint }),
      ...(error.upstreamCode !== undefined && { upstreamCode: error.upstreamCode }),
    },
  );
}
