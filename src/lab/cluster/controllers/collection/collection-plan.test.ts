import { expect, test } from 'vitest';
import type { ObjectMeta, OwnerReference } from 'kubernetes-types/meta/v1.js';
import { blocksOwner, ownerState, planCollection, type OwnerState } from './collection-plan.ts';

const owner = (uid: string, blockOwnerDeletion?: boolean): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: `owner-${uid}`,
  uid,
  ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion }),
});

test.each<{
  name: string;
  states: Readonly<Record<string, OwnerState>>;
  metadata?: ObjectMeta;
  hasDependents?: boolean;
  plan: object;
}>([
  { name: 'keeps an object without owners', states: {}, plan: { kind: 'keep' } },
  { name: 'keeps an object whose owners are there', states: { a: 'present', b: 'present' }, plan: { kind: 'keep' } },
  {
    name: 'deletes it when the only owner is gone',
    states: { a: 'absent' },
    plan: { kind: 'delete', policy: 'Background' },
  },
  {
    name: 'deletes it when all owners are gone',
    states: { a: 'absent', b: 'absent' },
    plan: { kind: 'delete', policy: 'Background' },
  },
  {
    name: 'drops the reference to a lost owner while another is there',
    states: { a: 'absent', b: 'present' },
    plan: { kind: 'drop-references', keep: [owner('b')] },
  },
  {
    name: 'drops the reference to a waiting owner too',
    states: { a: 'waiting', b: 'present' },
    plan: { kind: 'drop-references', keep: [owner('b')] },
  },
  { name: 'deletes for a waiting owner', states: { a: 'waiting' }, plan: { kind: 'delete', policy: 'Background' } },
  {
    name: 'deletes in the foreground for a waiting owner when it has dependents',
    states: { a: 'waiting' },
    hasDependents: true,
    plan: { kind: 'delete', policy: 'Foreground' },
  },
  {
    name: 'keeps to the orphan finalizer',
    states: { a: 'absent' },
    metadata: { finalizers: ['orphan'] },
    plan: { kind: 'delete', policy: 'Orphan' },
  },
  {
    name: 'keeps to the foreground finalizer',
    states: { a: 'absent' },
    metadata: { finalizers: ['foregroundDeletion'] },
    plan: { kind: 'delete', policy: 'Foreground' },
  },
  {
    name: 'leaves an object that is being deleted',
    states: { a: 'absent' },
    metadata: { deletionTimestamp: 'x' },
    plan: { kind: 'keep' },
  },
])('$name', ({ states, metadata = {}, hasDependents = false, plan }) => {
  const ownerReferences = Object.keys(states).map((uid) => owner(uid));
  const known = new Map(Object.entries(states));
  expect(planCollection({ ...metadata, ownerReferences }, known, hasDependents)).toEqual(plan);
});

test.each<{ name: string; found: ObjectMeta | undefined; state: OwnerState }>([
  { name: 'no object of that name', found: undefined, state: 'absent' },
  { name: 'an object of that name with another uid', found: { uid: 'other' }, state: 'absent' },
  { name: 'the object itself', found: { uid: 'a' }, state: 'present' },
  {
    name: 'under background deletion it is still there',
    found: { uid: 'a', deletionTimestamp: 'x', finalizers: ['mine'] },
    state: 'present',
  },
  {
    name: 'under foreground deletion',
    found: { uid: 'a', deletionTimestamp: 'x', finalizers: ['foregroundDeletion'] },
    state: 'waiting',
  },
])('the state of an owner: $name is $state', ({ found, state }) => {
  expect(ownerState(owner('a'), found && { metadata: found })).toBe(state);
});

test('only a reference with blockOwnerDeletion keeps that owner waiting', () => {
  expect(blocksOwner({ ownerReferences: [owner('a', true)] }, 'a')).toBe(true);
  expect(blocksOwner({ ownerReferences: [owner('a'), owner('b', true)] }, 'a')).toBe(false);
  expect(blocksOwner({}, 'a')).toBe(false);
});
