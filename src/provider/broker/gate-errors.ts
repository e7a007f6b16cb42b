import { KeyferryError } from '#base';

/** What the texts of a service's failures are made of. */
export interface TroubledService {
  /** Its address, for people. */
  readonly service: string;
  /** What it said last; undefined while it is well. */
  readonly lastError: KeyferryError | undefined;
}

const THROTTLED_HINT =
  'the mount is tried again by kubelet; fewer pods at once, or a longer refresh interval, ask the vault less often';

/** Asking less often helps against a throttle alone; what cannot be reached has a mend of its own. */
function hintOf(last: KeyferryError | undefined): string {
  if (last === undefined || last.code === 'resource-exhausted') return THROTTLED_HINT;
  return last.hint ?? 'the mount is tried again by kubelet';
}

/** For a call whose service is paused for longer than the call may wait; `leftMs` is the rest of the pause. */
export function tooLate({ service, lastError: last }: TroubledService, leftMs: number): KeyferryError {
  const why = last === undefined ? '' : `: ${reasonOf(last)}`;
  // Without the time, which is another one each try: equal failures are one event with a count.
  const text = `${service} is left alone for longer than this mount may wait${why}`;
  return new KeyferryError(last?.code ?? 'unavailable', text, {
    ...upstreamOf(last),
    retryAfterMs: leftMs,
    hint: hintOf(last),
  });
}

/** For who waited for others until there was no time left for a request of its own. */
export function crowdedOut({ service, lastError: last }: TroubledService, waitedMs: number): KeyferryError {
  const why = last === undefined ? '' : `: ${reasonOf(last)}`;
  return new KeyferryError(
    last?.code ?? 'deadline-exceeded',
    `${service} had no room for another request within ${Math.round(waitedMs / 1000)} s${why}`,
    { ...upstreamOf(last), hint: hintOf(last) },
  );
}

/** For who waited while another one asked: the service's failure, without what the other one asked for. */
export function failureOfOthers({ service }: TroubledService, error: KeyferryError): KeyferryError {
  return new KeyferryError(error.code, `${service}: ${reasonOf(error)}`, {
    ...upstreamOf(error),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  });
}

function upstreamOf(error: KeyferryError | undefined): { readonly upstreamCode?: string } {
  return error?.upstreamCode === undefined ? {} : { upstreamCode: error.upstreamCode };
}

/** A message without its beginning, which names what was attempted, and so whose identity: that is nobody else's business. */
export function reasonOf({ message }: KeyferryError): string {
  const at = message.indexOf(': ');
  return at < 0 ? message : message.slice(at + 2);
}
