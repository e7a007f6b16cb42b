import type { KubeObject } from '#kube';
import type { Collection } from '../storage/object-storage.ts';
import type { Kind } from './kind.ts';

/** Where CustomResourceDefinitions are kept. */
export const CRD_COLLECTION: Collection = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' };

/** The kinds that a definition serves: one for each served version. */
export function kindsOfDefinition(_definition: KubeObject): Kind[] {
  return [];
}
