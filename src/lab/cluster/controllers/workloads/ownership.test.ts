import { describe, expect, test } from 'vitest';
import type { LabelSelector, ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { requirementHolds, selectorMatches } from './label-selector.ts';
import { controllerReference, planClaim } from './ownership.ts';

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'r-1' };
const selector = { matchLabels: { app: 'web' } };
const ours = controllerReference(owner);
const theirs = controllerReference({ ...owner, uid: 'r-2' });
const plain = { ...ours, controller: false };

describe('claims', () => {
  test.each<{ name: string; metadata: ObjectMeta; deleting?: boolean; claim: string }>([
    { name: 'has what it controls', metadata: { labels: { app: 'web' }, ownerReferences: [ours] }, claim: 'owned' },
    { name: 'adopts a chosen orphan', metadata: { labels: { app: 'web' } }, claim: 'adopt' },
    {
      name: 'adopts beside an owner that controls nothing',
      metadata: { labels: { app: 'web' }, ownerReferences: [{ ...plain, uid: 'x' }] },
      claim: 'adopt',
    },
    { name: 'leaves an orphan that is not chosen', metadata: { labels: { app: 'db' } }, claim: 'ignore' },
    {
      name: 'leaves what another controls',
      metadata: { labels: { app: 'web' }, ownerReferences: [theirs] },
      claim: 'ignore',
    },
    {
      name: 'releases what is no longer chosen',
      metadata: { labels: { app: 'db' }, ownerReferences: [ours] },
      claim: 'release',
    },
    {
      name: 'adopts nothing that is being deleted',
      metadata: { labels: { app: 'web' }, deletionTimestamp: 'x' },
      claim: 'ignore',
    },
    {
      name: 'adopts nothing while it is being deleted',
      metadata: { labels: { app: 'web' } },
      deleting: true,
      claim: 'ignore',
    },
    {
      name: 'releases nothing while it is being deleted',
      metadata: { labels: { app: 'db' }, ownerReferences: [ours] },
      deleting: true,
      claim: 'ignore',
    },
  ])('$name', ({ metadata, deleting = false, claim }) => {
    expect(planClaim({ uid: 'r-1', deleting, selector }, { metadata })).toBe(claim);
  });
});

describe('label selectors', () => {
  test.each<{ selector: LabelSelector | undefined; matches: boolean }>([
    { selector: { matchLabels: { app: 'web', tier: 'front' } }, matches: true },
    { selector: { matchLabels: { app: 'web', tier: 'back' } }, matches: false },
    { selector: { matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }] }, matches: true },
    {
      selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
      matches: false,
    },
    { selector: {}, matches: false },
    { selector: undefined, matches: false },
  ])('$selector: $matches', ({ selector: wanted, matches }) => {
    expect(selectorMatches(wanted, { app: 'web', tier: 'front' })).toBe(matches);
  });

  test.each([
    { value: 'a', operator: 'NotIn', values: ['a'], holds: false },
    { value: undefined, operator: 'NotIn', values: ['a'], holds: true },
    { value: undefined, operator: 'Exists', values: [], holds: false },
    { value: '12', operator: 'Gt', values: ['9'], holds: true },
    { value: '12', operator: 'Lt', values: ['9'], holds: false },
    { value: 'a', operator: 'Nonsense', values: ['a'], holds: false },
  ])('$value $operator $values: $holds', ({ value, operator, values, holds }) => {
    expect(requirementHolds(value, operator, values)).toBe(holds);
  });
});
