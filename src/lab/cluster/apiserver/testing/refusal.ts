import { ApiError } from '../../api-access.ts';

/** The Status with which the API server refuses a call. Throws when the call succeeds, or fails in another way. */
export async function refusal(call: Promise<unknown>): Promise<ApiError['body']> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error('the call was not refused', { cause: error });
  return error.body;
}
