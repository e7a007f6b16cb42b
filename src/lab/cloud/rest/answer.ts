import { errorText, KeyferryError, type Log, type Random } from '#base';
import type { AccessToken, AuditLog } from '../service.ts';
import { AzureError } from './azure-error.ts';

/** What {@link answerWith} needs. */
export interface AnswerDeps {
  readonly audit: AuditLog;
  readonly random: Random;
  readonly log: Log;
}

/** How a service words errors and which headers all its answers have. */
export interface AnswerStyle {
  renderError(error: AzureError, requestId: string, request: Request): Response;
  headers(requestId: string, request: Request): Readonly<Record<string, string>>;
}

/**
 * Runs `handle` and makes an answer of all that it can end in: notes the result for the audit log, turns a refusal into
 * the service's error body and anything else that is thrown into a logged 500, and adds the service's headers.
 */
export async function answerWith(
  deps: AnswerDeps,
  style: AnswerStyle,
  request: Request,
  handle: () => Promise<Response>,
): Promise<Response> {
  const requestId = deps.random.uuid();
  const response = await handle().then(
    (answer) => {
      deps.audit.note(request, { result: 'Success' });
      return answer;
    },
    (error: unknown) => {
      const refusal = error instanceof AzureError ? error : internalError(deps.log, error);
      deps.audit.note(request, { result: refusal.result });
      const answer = style.renderError(refusal, requestId, request);
      for (const [name, value] of Object.entries(refusal.headers)) answer.headers.set(name, value);
      return answer;
    },
  );
  for (const [name, value] of Object.entries(style.headers(requestId, request))) response.headers.set(name, value);
  return response;
}

/** The audit record's account of the caller. */
export function identityOf(token: AccessToken): { readonly objectId: string; readonly clientId: string } {
  return { objectId: token.objectId, clientId: token.clientId };
}

/** What is not the service's word: a bug, or a machine that cannot do what is asked, as when its disk is full. */
function internalError(log: Log, error: unknown): AzureError {
  log.error('Request failed', { error: errorText(error) });
  if (error instanceof KeyferryError && error.code === 'unavailable') {
    return new AzureError(503, 'ServiceUnavailable', [error.message, error.hint].filter(Boolean).join('. '));
  }
  return new AzureError(500, 'InternalServerError', 'Encountered internal server error.');
}
