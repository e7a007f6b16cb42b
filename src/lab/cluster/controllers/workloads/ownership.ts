import type { LabelSelector, ObjectMeta, OwnerReference } from 'kubernetes-types/meta/v1.js';
import { selectorMatches } from './label-selector.ts';

/** What an owner reference needs to know of the owner. */
export interface OwnerIdentity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** The reference to the controller that manages the object, if one does. */
export function controllerOf(metadata: ObjectMeta | undefined): OwnerReference | undefined {
  return metadata?.ownerReferences?.find((reference) => reference.controller === true);
}

/** The reference that a controller puts on what it creates or adopts. */
export function controllerReference(owner: OwnerIdentity): OwnerReference {
  const { apiVersion, kind, name, uid } = owner;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** What a controller does with a candidate: it has it, takes it, lets go of it, or leaves it alone. */
export type Claim = 'owned' | 'adopt' | 'release' | 'ignore';

/** The part of an object that a claim is decided on. */
export interface Claimable {
  readonly metadata?: ObjectMeta | undefined;
}

/**
 * Kubernetes' rule of claims (ControllerRefManager): what another controller has is left alone; what is ours and no
 * longer chosen is released; an orphan that is chosen is adopted. An owner under deletion neither adopts nor releases.
 */
export function planClaim(
  owner: { readonly uid: string; readonly deleting: boolean; readonly selector: LabelSelector | undefined },
  candidate: Claimable,
): Claim {
  const { metadata } = candidate;
  const controller = controllerOf(metadata);
  const chosen = selectorMatches(owner.selector, metadata?.labels);
  if (controller !== undefined) {
    if (controller.uid !== owner.uid) return 'ignore';
    if (chosen) return 'owned';
    return owner.deleting ? 'ignore' : 'release';
  }
  const mayAdopt = chosen && !owner.deleting && metadata?.deletionTimestamp === undefined;
  return mayAdopt ? 'adopt' : 'ignore';
}
