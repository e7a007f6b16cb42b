import { errorText, KeyferryError } from '#base';
import { isReason, type CallOptions, type KubeClient, type KubeObject } from '#kube';
import { SECRET_CLASS_RESOURCES } from './names.ts';

/**
 * Reads a class from the API server as it is, in the pod's own namespace only. The text of a failure is the one that
 * people and upstream's tests look for: `failed to get secretproviderclass ns/name, error: … not found`.
 */
export async function getSecretProviderClass(
  client: Pick<KubeClient, 'get'>,
  key: { readonly namespace: string; readonly name: string },
  options?: CallOptions,
): Promise<KubeObject> {
  try {
    return await client.get(SECRET_CLASS_RESOURCES.classes, key, options);
  } catch (error) {
    const missing = isReason(error, 'NotFound');
    throw new KeyferryError(
      missing ? 'not-found' : error instanceof KeyferryError ? error.code : 'unknown',
      `failed to get secretproviderclass ${key.namespace}/${key.name}, error: ${errorText(error)}`,
      {
        cause: error,
        ...(isServersTrouble(error) && {
          hint: 'The API server is in trouble, not the class: the mount is tried again by itself.',
        }),
        ...(isOwnToken(error) && {
          hint: "The API server does not take the driver's own token: compare the clocks; after its signing keys were rotated, restart the driver's pod if this lasts.",
        }),
        ...(missing && {
          upstreamCode: 'NotFound',
          hint: `Create the SecretProviderClass ${key.name} in the pod's own namespace ${key.namespace}; one of another namespace does not count.`,
        }),
      },
    );
  }
}

function isOwnToken(error: unknown): boolean {
  return error instanceof KeyferryError && error.code === 'unauthenticated';
}

function isServersTrouble(error: unknown): boolean {
  const code = error instanceof KeyferryError ? error.code : undefined;
  return code === 'unavailable' || code === 'deadline-exceeded' || code === 'resource-exhausted';
}
