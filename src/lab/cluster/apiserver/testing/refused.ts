import { ApiError } from '../../api-access.ts';

/** What `work` answers; undefined where it is refused in Kubernetes' words. Any other failure, a 500 too, is thrown on. */
export async function refused<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError && error.body.code < 500) return undefined;
    throw error;
  }
}
