import type { KubeObject } from '#kube';

const OMITTED_WHEN_EMPTY: ReadonlySet<string> = new Set(['labels', 'annotations', 'finalizers', 'ownerReferences']);

/**
 * The object with its metadata as Go writes it (omitempty): maps and lists that hold nothing are left out. Clients send
 * and leave such empties, and none of them may show in a comparison (kubectl diff) or to a reader.
 */
export function withoutEmptyMetadata(object: KubeObject): KubeObject {
  const fields = Object.entries(object.metadata);
  const kept = fields.filter(([field, value]) => !(OMITTED_WHEN_EMPTY.has(field) && isEmpty(value)));
  return kept.length === fields.length ? object : { ...object, metadata: Object.fromEntries(kept) };
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
