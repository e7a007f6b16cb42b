import type { KubeObject } from '#kube';
import { jsonEqual, recordOf } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import { recordsIn } from './core-strategies.ts';
import type { Strategy } from './kind.ts';

/** CSI drivers: what is left out means a driver that attaches persistent volumes. */
export const csiDriverStrategy: Strategy = {
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    return {
      ...object,
      spec: {
        attachRequired: true,
        fsGroupPolicy: 'ReadWriteOnceWithFSType',
        podInfoOnMount: false,
        requiresRepublish: false,
        seLinuxMount: false,
        storageCapacity: false,
        volumeLifecycleModes: ['Persistent'],
        ...spec,
      },
    };
  },
  validate: (object, old) => [...tokenIssues(object), ...fixedIssues(object, old)],
};

function tokenIssues(object: KubeObject): FieldIssue[] {
  const seen = new Set<unknown>();
  return recordsIn(object['spec'], 'tokenRequests').flatMap(({ audience, expirationSeconds }, index): FieldIssue[] => {
    const field = `spec.tokenRequests[${index}]`;
    const twice = seen.has(audience);
    seen.add(audience);
    const short = typeof expirationSeconds === 'number' && expirationSeconds < 600;
    return [
      ...(twice ? [{ field: `${field}.audience`, reason: 'FieldValueDuplicate' as const, value: audience }] : []),
      ...(short
        ? [
            {
              field: `${field}.expirationSeconds`,
              reason: 'FieldValueInvalid' as const,
              value: expirationSeconds,
              detail: 'may not specify a duration less than 10 minutes',
            },
          ]
        : []),
    ];
  });
}

function fixedIssues(object: KubeObject, old: KubeObject | undefined): FieldIssue[] {
  if (old === undefined) return [];
  const [spec, before] = [recordOf(object['spec']), recordOf(old['spec'])];
  return ['attachRequired', 'volumeLifecycleModes'].flatMap((field): FieldIssue[] =>
    jsonEqual(spec[field], before[field])
      ? []
      : [{ field: `spec.${field}`, reason: 'FieldValueInvalid', value: spec[field], detail: 'field is immutable' }],
  );
}
