import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import type { KubeObject, ResourceRef } from '#kube';
import type { ApiAccess } from '../../api-access.ts';
import { isNotFound } from '../reconcile/api-errors.ts';
import { controllerReference, planClaim, type Claimable, type OwnerIdentity } from './ownership.ts';

/** Who claims, and what. */
export interface ClaimRequest {
  readonly api: ApiAccess;
  /** The resource of the candidates, such as pods for a ReplicaSet. */
  readonly resource: ResourceRef;
  readonly namespace: string;
  /** What is left out of account, whatever its labels. Default: nothing. */
  readonly isIgnored?: (candidate: Claimable) => boolean;
  readonly owner: ClaimOwner;
}

/** An owner that chooses by labels. */
export type ClaimOwner = OwnerIdentity & { readonly deleting: boolean; readonly selector: LabelSelector | undefined };

/** A stored object as the owner of what its selector chooses. Its kind is told: stored objects need not have it. */
export function claimOwner(
  apiVersion: string,
  kind: string,
  { metadata, spec }: KubeObject & { readonly spec?: { readonly selector?: LabelSelector } },
): ClaimOwner {
  return {
    apiVersion,
    kind,
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    deleting: metadata.deletionTimestamp !== undefined,
    selector: spec?.selector,
  };
}

/** Adopts and releases as {@link planClaim} says, and answers all objects that the owner controls after that. */
export async function applyClaims<T extends Claimable>(request: ClaimRequest): Promise<readonly T[]> {
  const { api, resource, namespace, owner } = request;
  const { items } = await api.list<T>(resource, { namespace });
  const owned: T[] = [];
  for (const candidate of items) {
    const claim = request.isIgnored?.(candidate) === true ? 'ignore' : planClaim(owner, candidate);
    if (claim === 'owned') owned.push(candidate);
    if (claim === 'ignore' || claim === 'owned') continue;
    const { name = '', resourceVersion, ownerReferences = [] } = candidate.metadata ?? {};
    const references =
      claim === 'adopt'
        ? [...ownerReferences, controllerReference(owner)]
        : ownerReferences.filter(({ uid }) => uid !== owner.uid);
    const body = { metadata: { resourceVersion, ownerReferences: references } };
    try {
      const patched = await api.patch<KubeObject & T>(resource, { namespace, name }, 'merge', body);
      if (claim === 'adopt') owned.push(patched);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return owned;
}
