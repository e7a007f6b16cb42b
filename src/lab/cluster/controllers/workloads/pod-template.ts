import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta, OwnerReference } from 'kubernetes-types/meta/v1.js';
import type { Pod } from '#kube';

/** A pod as a controller sends it to the API server. */
export interface PodBody extends Pod {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod';
  readonly metadata: ObjectMeta;
}

/** What a controller adds to its template. */
export interface PodIdentity {
  /** Either a name, or the beginning of one that the API server completes. */
  readonly name?: string;
  readonly generateName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly owner: OwnerReference;
}

/** The pod of a template: its labels, annotations and finalizers with those of the controller, and its spec. */
export function podOfTemplate(template: PodTemplateSpec | undefined, identity: PodIdentity): PodBody {
  const { metadata = {}, spec } = template ?? {};
  const labels = { ...metadata.labels, ...identity.labels };
  const annotations = { ...metadata.annotations, ...identity.annotations };
  const finalizers = [...(metadata.finalizers ?? []), ...(identity.finalizers ?? [])];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(identity.name === undefined ? {} : { name: identity.name }),
      ...(identity.generateName === undefined ? {} : { generateName: identity.generateName }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ...(finalizers.length === 0 ? {} : { finalizers }),
      ownerReferences: [identity.owner],
    },
    ...(spec === undefined ? {} : { spec }),
  };
}
