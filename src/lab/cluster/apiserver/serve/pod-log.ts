import { pipeline } from 'node:stream/promises';
import { linkSignals } from '#base';
import type { KubeObject } from '#kube';
import { textOf, recordOf } from '../json.ts';
import { recordsIn } from '../kinds/core-strategies.ts';
import { requireObject, type Target } from '../operations/context.ts';
import type { ContainerKey } from '../../pod-streams.ts';
import { badRequest, statusError } from '../status-errors.ts';
import type { Call, ServeContext } from './context.ts';
import { isTrue } from './parse-request.ts';

/** Streams a container's log. Throws 400 for a container that is not named or not there. */
export async function servePodLog(context: ServeContext, call: Call, target: Target): Promise<void> {
  const { response, url } = call;
  const query = url.searchParams;
  const pod = requireObject(context.api, target);
  const key = containerKey(pod, query.get('container'));
  const number = (name: string) => (query.get(name) === null ? undefined : Number(query.get(name)));
  const closed = linkSignals(context.stopping);
  response.on('close', () => closed.abort());
  try {
    const log = await requireStreams(context, pod).logs(key, {
      follow: isTrue(query.get('follow')),
      previous: isTrue(query.get('previous')),
      timestamps: isTrue(query.get('timestamps')),
      tailLines: number('tailLines'),
      limitBytes: number('limitBytes'),
      sinceSeconds: number('sinceSeconds'),
      sinceTime: query.get('sinceTime') ?? undefined,
      signal: closed.signal,
    });
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.flushHeaders();
    await pipeline(log, response).catch((error: unknown) => {
      // the client left, or the server stops: there is nobody to tell
      if (!closed.signal.aborted) throw error;
    });
  } finally {
    closed[Symbol.dispose]();
  }
}

/** The node's side. Throws 500 in kube-apiserver's manner when there is none. */
export function requireStreams(context: ServeContext, pod: KubeObject) {
  const node = textOf(recordOf(pod['spec'])['nodeName']);
  if (node === '') throw badRequest(`pod ${pod.metadata.name ?? ''} does not have a host assigned`);
  const streams = context.streams();
  if (streams !== undefined) return streams;
  throw statusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: error dialing backend: the node ${node} is not connected`,
  });
}

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

/** The container that is meant: the named one, the annotated default, or the only one. Throws 400. */
export function containerKey(pod: KubeObject, asked: string | null): ContainerKey {
  const { metadata } = pod;
  const spec = pod['spec'];
  const names = (field: string) => recordsIn(spec, field).map((container) => String(container['name']));
  const [containers, inits] = [names('containers'), names('initContainers')];
  const all = [...containers, ...inits, ...names('ephemeralContainers')];
  const name =
    asked ||
    metadata.annotations?.[DEFAULT_CONTAINER] ||
    (containers.length === 1 && inits.length === 0 ? containers[0] : undefined);
  if (name === undefined) {
    const choice = `choose one of: [${containers.join(' ')}]`;
    const initChoice = inits.length === 0 ? '' : ` or one of the init containers: [${inits.join(' ')}]`;
    throw badRequest(`a container name must be specified for pod ${metadata.name ?? ''}, ${choice}${initChoice}`);
  }
  if (!all.includes(name)) throw badRequest(`container ${name} is not valid for pod ${metadata.name ?? ''}`);
  return {
    podUid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    podName: metadata.name ?? '',
    container: name,
  };
}
