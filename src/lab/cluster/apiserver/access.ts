import type { KubeObject, ResourceRef, WatchEvent } from '#kube';
import type { ApiAccess, KubeList, ObjectKey } from '../api-access.ts';
import type { ServiceAccountTokens } from './auth/service-account-tokens.ts';
import type { UserInfo, ApiContext, Target, WriteOptions } from './operations/context.ts';
import { createObject } from './operations/create.ts';
import { deleteObject } from './operations/delete.ts';
import { patchObject } from './operations/patch.ts';
import { getObject, listObjects } from './operations/read.ts';
import { updateObject } from './operations/update.ts';
import { watchObjects } from './operations/watch.ts';
import { applyObject } from './operations/apply.ts';

/** Who the cluster's own controllers are. */
export const SYSTEM_USER: UserInfo = { username: 'system:admin', groups: ['system:masters', 'system:authenticated'] };

/** What {@link createApiAccess} works with besides the context. */
export interface AccessOptions {
  readonly context: ApiContext;
  readonly tokens: ServiceAccountTokens;
}

/** The API for callers in the same process: the operations that HTTP requests reach, as system:masters. */
export function createApiAccess({ context, tokens }: AccessOptions): ApiAccess {
  const targetOf = (resource: ResourceRef, key: ObjectKey, subresource?: string): Target => ({
    kind: context.kinds.get(resource),
    namespace: key.namespace,
    name: key.name,
    subresource,
  });
  const options = (): WriteOptions => ({
    user: SYSTEM_USER,
    dryRun: false,
    fieldValidation: 'Strict',
    fieldManager: 'keyferry-lab',
    warnings: [],
  });
  return {
    get: async <T>(resource: ResourceRef, key: ObjectKey) => getObject(context, targetOf(resource, key)) as T,
    list: async <T>(resource: ResourceRef, query = {}) =>
      listObjects(context, context.kinds.get(resource), query) as KubeList<unknown> as KubeList<T>,
    watch: <T = KubeObject>(resource: ResourceRef, query: Parameters<ApiAccess['watch']>[1]) =>
      watchObjects(context, context.kinds.get(resource), query) as AsyncIterable<WatchEvent<unknown>> as AsyncIterable<
        WatchEvent<T>
      >,
    create: async <T>(resource: ResourceRef, namespace: string | undefined, body: unknown) =>
      createObject(context, targetOf(resource, { namespace, name: '' }), body, options()) as T,
    update: async <T>(resource: ResourceRef, key: ObjectKey, body: unknown, subresource?: string) =>
      updateObject(context, targetOf(resource, key, subresource), body, options()) as T,
    patch: async <T>(
      resource: ResourceRef,
      key: ObjectKey,
      type: Parameters<ApiAccess['patch']>[2],
      body: unknown,
      subresource?: string,
    ) => {
      const target = targetOf(resource, key, subresource);
      const patched =
        type === 'apply'
          ? applyObject(context, target, body, { ...options(), force: true }).object
          : patchObject(context, target, type, body, options());
      return patched as T;
    },
    delete: async (resource, key, request = {}) => {
      deleteObject(context, targetOf(resource, key), request);
    },
    createToken: async (account, { audiences, expirationSeconds, boundPod }) => {
      const issued = await tokens.issue(account, {
        audiences,
        expirationSeconds,
        ...(boundPod === undefined ? {} : { boundObject: { kind: 'Pod', ...boundPod } }),
      });
      return { token: issued.token, expirationTimestamp: issued.expirationTimestamp };
    },
  };
}
