import { AzError, httpError, renderODataError } from './errors.ts';
import { retryAfterMs, type AzResponse } from './http.ts';
import type { AzIo } from './io.ts';
import { at, isObject, parseJson, textAt, type JsonObject } from './json.ts';

/** An operation that Azure has accepted. */
export interface AcceptedOperation {
  readonly io: AzIo;
  /** The answer to the PUT or DELETE that started it. */
  readonly answer: AzResponse;
  /** Where the finished resource is read; absent for a DELETE. */
  readonly resourceUrl?: string;
  readonly get: (url: string) => Promise<AzResponse>;
}

const DEFAULT_PAUSE_MS = 1000;
const MOST_MS = 30 * 60_000;
const FRAMES = ['|', '/', '-', '\\'];

/**
 * Follows an operation to its end, by the operation's own URL (Azure-AsyncOperation), by Location, or by the
 * resource's provisioningState, as azure-core does, pausing as Retry-After says. Answers the finished resource, or
 * undefined when the first answer was final. Throws when the operation failed.
 */
export async function waitForEnd(operation: AcceptedOperation): Promise<JsonObject | undefined> {
  const { answer, io, resourceUrl } = operation;
  const asyncUrl = answer.header('azure-asyncoperation');
  const location = answer.header('location');
  const deadlineMs = io.clock.monotonic() + MOST_MS;
  const poll = (url: string, done: (reply: AzResponse) => boolean) => pollUntil(operation, url, done, deadlineMs);

  if (asyncUrl !== undefined) {
    await poll(asyncUrl, (reply) => operationEnded(reply));
    return resourceUrl === undefined ? undefined : parseResource(await operation.get(resourceUrl));
  }
  if (resourceUrl !== undefined && !isFinal(stateOf(answer))) {
    return parseResource(await poll(resourceUrl, (reply) => isFinal(stateOf(reply))));
  }
  if (answer.status === 202 && location !== undefined) {
    const last = await poll(location, (reply) => reply.status !== 202);
    return resourceUrl === undefined ? undefined : parseResource(last);
  }
  return undefined;
}

async function pollUntil(
  { io, answer, get }: AcceptedOperation,
  url: string,
  done: (reply: AzResponse) => boolean,
  deadlineMs: number,
): Promise<AzResponse> {
  const progress = createProgress(io);
  try {
    for (let last = answer; ;) {
      await progress.pause(retryAfterMs(last) ?? retryAfterMs(answer) ?? DEFAULT_PAUSE_MS);
      last = await get(url);
      if (last.status >= 400) throw httpError(last.status, last.body);
      if (done(last)) return last;
      if (io.clock.monotonic() > deadlineMs) throw new AzError('error', 'the operation did not end within 30 minutes');
    }
  } finally {
    progress.clear();
  }
}

function operationEnded(reply: AzResponse): boolean {
  const body = parseJson(reply.body);
  const status = textAt(body, 'status') ?? 'InProgress';
  if (!isFinal(status)) return false;
  if (status === 'Succeeded') return true;
  const error = at(body, 'error');
  throw new AzError('error', isObject(error) ? renderODataError(error) : `the operation ended as ${status}`);
}

function stateOf(reply: AzResponse): string | undefined {
  return textAt(parseJson(reply.body), 'properties.provisioningState');
}

/** A resource without a provisioningState is ready. */
function isFinal(state: string | undefined): boolean {
  return state === undefined || ['Succeeded', 'Failed', 'Canceled'].includes(state);
}

function parseResource(reply: AzResponse): JsonObject {
  if (reply.status >= 400) throw httpError(reply.status, reply.body);
  const resource = parseJson(reply.body);
  const state = textAt(resource, 'properties.provisioningState');
  if (state === 'Failed' || state === 'Canceled') {
    throw new AzError('error', `the operation ended: the resource's provisioningState is ${state}`);
  }
  return isObject(resource) ? resource : {};
}

/** az's ` | Running ..` on a terminal; silent elsewhere. */
function createProgress(io: AzIo): { pause(ms: number): Promise<void>; clear(): void } {
  let frame = 0;
  let shown = false;
  return {
    async pause(ms) {
      const untilMs = io.clock.monotonic() + ms;
      for (let leftMs = ms; leftMs > 0; leftMs = untilMs - io.clock.monotonic()) {
        if (io.isTty) {
          io.stderr(`\r ${FRAMES[frame % FRAMES.length]} Running ..`);
          shown = true;
          frame += 1;
        }
        await io.clock.sleep(io.isTty ? Math.min(leftMs, 250) : leftMs, { signal: io.signal });
      }
    },
    clear() {
      if (shown) io.stderr('\r\u001B[K');
    },
  };
}
