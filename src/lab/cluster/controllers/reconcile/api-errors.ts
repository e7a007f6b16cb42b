import { ApiError } from '../../api-access.ts';

const hasReason = (error: unknown, reason: string) => error instanceof ApiError && error.body.reason === reason;

/** Whether the API server said that the object is not there. */
export const isNotFound = (error: unknown): boolean => hasReason(error, 'NotFound');

/** Whether the write was based on an older state of the object, or named another uid. */
export const isConflict = (error: unknown): boolean => hasReason(error, 'Conflict');

/** Whether the name is taken. */
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, 'AlreadyExists');

/** Whether a creation was refused because its namespace is being deleted: there is nothing left to do then. */
export function isNamespaceTerminating(error: unknown): boolean {
  // The text of Kubernetes' admission plugin NamespaceLifecycle.
  return hasReason(error, 'Forbidden') && (error as ApiError).message.endsWith('because it is being terminated');
}

/** Answers what `call` does, or `fallback` when the object is not there. */
export async function orIfNotFound<T, F>(call: Promise<T>, fallback: F): Promise<T | F> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return fallback;
    throw error;
  }
}

/** Waits for `call`; that the object is not there (any more) is as good as success. */
export async function ignoreNotFound(call: Promise<unknown>): Promise<void> {
  await orIfNotFound(call, undefined);
}

/** Waits for `call`; that the object exists already is as good as success. */
export async function ignoreAlreadyExists(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
