import { linkSignals } from '#base';
import { ApiError } from '../../api-access.ts';
import type { Kind } from '../kinds/kind.ts';
import { selectorOf } from '../operations/read.ts';
import { errorEvent, initialRevision, watchObjects } from '../operations/watch.ts';
import type { Call, ServeContext } from './context.ts';
import { parseListOptions } from './list-options.ts';
import type { ResourceRequest } from './parse-request.ts';
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
  const options = parseListOptions(query, 'watch');
  initialRevision(options);
  const closed = linkSignals(context.stopping);
  response.on('close', () => closed.abort());
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  const send = async (event: unknown) => {
    if (response.write(`${JSON.stringify(event)}\n`) || closed.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const goOn = () => {
        response.off('drain', goOn).off('close', goOn);
        resolve();
      };
      response.on('drain', goOn).on('close', goOn);
    });
  };
  try {
    const events = watchObjects(context.api, kind, {
      ...selected,
      fieldSelector,
      resourceVersion: options.resourceVersion,
      sendInitialEvents: options.sendInitialEvents,
      allowBookmarks: options.allowWatchBookmarks,
      timeoutMs: options.timeoutSeconds > 0 ? options.timeoutSeconds * 1000 : DEFAULT_TIMEOUT_MS,
      signal: closed.signal,
    });
    let first = true;
    for await (const { type, object } of events) {
      await send({ type, object: viewed(context, kind, { ...view, withoutHeader: !first }, object) });
      first = false;
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    await send(errorEvent(error));
  } finally {
    closed[Symbol.dispose]();
    response.end();
  }
}
