import { describe, expect, test } from 'vitest';
import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1.js';
import { servedKind } from './kinds.ts';

describe('the kind of a CustomResourceDefinition', () => {
  const definition = (versions: readonly object[], established = 'True') =>
    ({
      spec: { group: 'example.com', scope: 'Namespaced', names: { kind: 'Widget', plural: 'widgets' }, versions },
      status: { conditions: [{ type: 'Established', status: established }] },
    }) as unknown as CustomResourceDefinition;
  const v = (name: string, served: boolean, storage: boolean) => ({ name, served, storage });
  test.each([
    { name: 'the stored version', versions: [v('v1alpha1', true, false), v('v1', true, true)], version: 'v1' },
    {
      name: 'a served one when the stored one is not',
      versions: [v('v1', false, true), v('v2', true, false)],
      version: 'v2',
    },
    { name: 'none when none is served', versions: [v('v1', false, true)], version: undefined },
  ])('$name', ({ versions, version }) => {
    expect(servedKind(definition(versions))?.ref.version).toBe(version);
  });
  test('none before it is established', () => {
    expect(servedKind(definition([v('v1', true, true)], 'False'))).toBeUndefined();
  });
});
