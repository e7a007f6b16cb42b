import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { methodNotAllowed } from '../status-errors.ts';
import { admitRequest } from './admit-request.ts';
import type { Call, ServeContext } from './context.ts';
import { servePath } from './paths.ts';
import { serveResource } from './resources.ts';
import { sendError, toApiError } from './respond.ts';

/** Serves every plain request: read, authenticate, authorize, then path or resource. */
export function createRequestListener(context: ServeContext): RequestListener {
  return (request, response) => {
    response.on('error', () => undefined);
    void serve(context, request, response).catch((error: unknown) =>
      sendError(response, toApiError(error, context.api.log)),
    );
  };
}

/** Any other method has no verb that authorization could decide on. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

async function serve(context: ServeContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!(await context.faults.admit(request, response))) return;
  if (!METHODS.has(request.method ?? '')) throw methodNotAllowed();
  // what an audit log would know the request by; a client may bring its own
  const auditId = request.headers['audit-id'];
  response.setHeader('audit-id', typeof auditId === 'string' ? auditId : context.api.random.uuid());
  const { info, url, user } = await admitRequest(context, request);
  const call: Call = { request, response, url, user };
  if (info.type === 'path') await servePath(context, call, info);
  else await serveResource(context, call, info);
}
