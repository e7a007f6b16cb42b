import { describe, expect, it } from 'vitest';
import { missingOwners, ownersOfPod, uniqueOwners } from './owners.ts';

const owner = (uid: string, name = `web-${uid}`) => ({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid });

describe('the owners of what is made for a pod', () => {
  it('are those of the pod, none of them its controller', () => {
    const ownerReferences = [{ ...owner('u1'), controller: true, blockOwnerDeletion: true }, owner('u2')];
    expect(ownersOfPod({ metadata: { name: 'web', uid: 'p', ownerReferences } })).toEqual([owner('u1'), owner('u2')]);
  });

  it.each([[undefined], [[]]])('are a bare pod itself (%j)', (ownerReferences) => {
    const metadata = { name: 'web', uid: 'p', ...(ownerReferences && { ownerReferences }) };
    expect(ownersOfPod({ metadata })).toEqual([{ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'p' }]);
  });

  it('are told apart by UID: one that was made anew under its old name is another one', () => {
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { ownerReferences: [owner('u1', 'same')] } };
    const anew = owner('u2', 'same');
    expect(missingOwners(object, [owner('u1'), anew, anew])).toEqual([anew]);
    expect(uniqueOwners([anew, anew, owner('u1')])).toEqual([anew, owner('u1')]);
  });
});
