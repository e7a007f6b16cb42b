import { linkSignals } from '#base';
import { ApiError } from '../../api-access.ts';
import type { Kind } from '../kinds/kind.ts';
import { selectorOf } from '../operations/read.ts';
import { errorEvent, initialRevision, watchObjects } from '../operations/watch.ts';
import type { Call, ServeContext } from './context.ts';
import { isTrue, type ResourceRequest } from './parse-request.ts';
import { selection, viewed, type View } from './view.ts';

/** How long a watch lasts when the client does not say, as kube-apiserver's --min-request-timeout. */
const DEFAULT_TIMEOUT_MS = 30 * 60_000;

/** Streams the events of a watch, one JSON value a line, until the client leaves, the time is up, or the server stops. */
export async function serveWatch(
  context: ServeContext,
  call: Call,
  kind: Kind,
  info: ResourceRequest,
  view: View,
): Promise<void> {
  const { response, url } = call;
  const query = url.searchParams;
  const selected = selection(query, info.namespace);
  const byName = info.name === '' ? undefined : `metadata.name=${info.name}`;
  const fieldSelector = [selected.fieldSelector, byName].filter((part) => part).join(',') || undefined;
  selectorOf(kind, { ...selected, fieldSelector });
  initialRevision({ resourceVersion: query.get('resourceVersion') ?? undefined });
  const seconds = Number(query.get('timeoutSeconds') ?? 0);
  const closed = linkSignals(context.stopping);
  response.on('close', () => closed.abort());
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  const send = async (event: unknown) => {
    if (response.write(`${JSON.stringify(event)}\n`) || closed.signal.aborted) return;
    await new Promise<void>((resolve) => {
      response.once('drain', resolve);
      response.once('close', resolve);
    });
  };
  try {
    const events = watchObjects(context.api, kind, {
      ...selected,
      fieldSelector,
      resourceVersion: query.get('resourceVersion') ?? undefined,
      sendInitialEvents: isTrue(query.get('sendInitialEvents')),
      allowBookmarks: isTrue(query.get('allowWatchBookmarks')),
      timeoutMs: seconds > 0 ? seconds * 1000 : DEFAULT_TIMEOUT_MS,
      signal: closed.signal,
    });
    for await (const { type, object } of events) await send({ type, object: viewed(context, kind, view, object) });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    await send(errorEvent(error));
  } finally {
    closed[Symbol.dispose]();
    response.end();
  }
}
