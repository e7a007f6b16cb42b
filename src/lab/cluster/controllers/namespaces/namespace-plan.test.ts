import { expect, test } from 'vitest';
import type { Namespace } from 'kubernetes-types/core/v1.js';
import { planNamespaceConditions } from './namespace-plan.ts';

test('a namespace under deletion says what is left in it and what holds that', () => {
  const remaining = [
    { resource: 'pods.', count: 2, finalizers: [] },
    { resource: 'widgets.example.com', count: 1, finalizers: ['example.com/keep'] },
  ];
  const conditions = planNamespaceConditions({} as Namespace, remaining, Date.parse('2026-01-01T00:00:00Z'));
  expect(conditions.map(({ status, message }) => [status, message])).toEqual([
    [
      'True',
      'Some resources are remaining: pods. has 2 resource instances, widgets.example.com has 1 resource instances',
    ],
    ['True', 'Some content in the namespace has finalizers remaining: example.com/keep in 1 resource instances'],
  ]);
  expect(planNamespaceConditions({} as Namespace, [], 0).map(({ status }) => status)).toEqual(['False', 'False']);
});
