import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { canonicalJson } from '../reconcile/json.ts';

/** The label that tells the pods and ReplicaSets of one template from those of another. */
export const POD_TEMPLATE_HASH = 'pod-template-hash';

// The letters of k8s.io/apimachinery's rand.SafeEncodeString: no vowels and no look-alikes, so that no words appear.
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The hash of a template, as Kubernetes writes it: 32 bits of FNV-1a in decimal, each digit replaced by a letter. (The
 * hashed text is canonical JSON and not Go's dump of the struct, so the value differs from that of a real cluster.)
 */
export function podTemplateHash(template: PodTemplateSpec | undefined, collisionCount: number): string {
  return templateHash(canonicalJson(template), collisionCount);
}

/** The same hash, of any text; `collisionCount` makes another one of it when the first is taken. */
export function templateHash(text: string, collisionCount: number): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text + (collisionCount === 0 ? '' : `#${collisionCount}`))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return Array.from(String(hash), (digit) => LETTERS.charAt(digit.charCodeAt(0) % LETTERS.length)).join('');
}

/** Whether two templates are the same but for the hash label. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return canonicalJson(withoutHash(a)) === canonicalJson(withoutHash(b));
}

function withoutHash(template: PodTemplateSpec = {}): PodTemplateSpec {
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {};
  // creationTimestamp is null in what kubectl writes, and means nothing in a template.
  const { creationTimestamp: _time, ...metadata } = template.metadata ?? {};
  return { ...template, metadata: { ...metadata, labels } };
}
