export { abortReason } from './abort-reason.ts';
export { backoffMs, type BackoffOptions } from './backoff.ts';
export { systemClock, type Clock, type WaitOptions } from './clock.ts';
export { createDisposeStack, type DisposeStack } from './dispose-stack.ts';
export { parseDuration, renderDuration } from './duration.ts';
export { editDistance } from './edit-distance.ts';
export {
  ERROR_CODES,
  errorText,
  inputError,
  issueText,
  KeyferryError,
  toKeyferryError,
  type ErrorCode,
  type ErrorKind,
  type Issue,
  type KeyferryErrorOptions,
} from './errors.ts';
export { onAbort } from './on-abort.ts';
export { isDeeperThan } from './json-depth.ts';
export { createKeyedLock, type KeyedLock } from './keyed-lock.ts';
export { silentLog, type Log, type LogFields } from './log.ts';
export { didYouMean, nearest } from './nearest.ts';
export { matchesPattern } from './pattern.ts';
export { putNewest } from './put-newest.ts';
export { nameSuffix, systemRandom, type Random } from './random.ts';
export { Secret } from './secret.ts';
export { shortenMiddle } from './shorten.ts';
export { linkSignals, withDeadline, WORK_IS_OVER, type DeadlineOptions, type LinkedSignal } from './signals.ts';
export { createSingleFlight, type SingleFlight } from './single-flight.ts';
export { trimEndSlashes } from './trim-slashes.ts';
export { VERSION } from './version.ts';
export { yamlProblem, type YamlLimits } from './yaml-limits.ts';
