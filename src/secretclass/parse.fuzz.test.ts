// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { constantFrom, tuple } from 'fast-check';
import { describe, expect } from 'vitest';
import { fuzz, outcomeOf } from '../base/testing/fuzz.ts';
import { hostileJson, hostileText, hostileTextMap } from '../base/testing/hostile.ts';
import { mergeAttributes } from './attributes.ts';
import { podStatusName } from './names.ts';
import { parseSecretProviderClass } from './parse.ts';

const NAMES = [
  'metadata',
  'name',
  'namespace',
  'spec',
  'provider',
  'parameters',
  'secretObjects',
  'secretName',
  'type',
  'data',
  'objectName',
  'key',
];
const KUBELET = 'csi.storage.k8s.io/';

describe('a SecretProviderClass', () => {
  fuzz(
    'of any shape is whole, or refused with its places',
    hostileJson(NAMES),
    { inputs: 180, seed: 681 },
    async (spec) => {
      for (const object of [
        spec,
        { metadata: { name: 'c', namespace: 'n' }, spec },
        {
          metadata: { name: 'c', namespace: 'n' },
          spec: { provider: 'azure', parameters: { a: 'b' }, secretObjects: spec },
        },
      ]) {
        const outcome = await outcomeOf(() => parseSecretProviderClass(object));
        if (!outcome.ok) continue;
        const { provider, parameters, secretObjects } = outcome.value.value;
        expect(provider).not.toBe('');
        expect(Object.values(parameters).every((value) => typeof value === 'string')).toBe(true);
        expect(secretObjects.every(({ data }) => Array.isArray(data))).toBe(true);
      }
    },
  );

  fuzz(
    'never speaks for kubelet, and a volume context overrides it name by name',
    tuple(
      hostileTextMap([`${KUBELET}pod.name`, `${KUBELET}serviceAccount.tokens`, 'objects', 'clientID']),
      hostileTextMap([`${KUBELET}pod.name`, 'clientID']),
    ),
    { inputs: 120, seed: 682 },
    ([parameters, context]) => {
      const merged = mergeAttributes(parameters, context);
      for (const [name, value] of Object.entries(merged)) {
        const said = Object.hasOwn(context, name) ? context : parameters;
        expect(said[name]).toBe(value);
        if (name.startsWith(KUBELET)) expect(Object.hasOwn(context, name)).toBe(true);
      }
      for (const [name, value] of Object.entries(context))
        expect(Object.getOwnPropertyDescriptor(merged, name)?.value).toBe(value);
    },
  );

  fuzz(
    'has a pod status whose name fits, and is of that pod and class alone',
    tuple(hostileText(300), constantFrom('ns', 'n'.repeat(200)), hostileText(300)),
    { inputs: 70, seed: 683 },
    ([pod, namespace, name]) => {
      expect(podStatusName(pod, namespace, name).length).toBeLessThanOrEqual(253);
    },
  );
});
