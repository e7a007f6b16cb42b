import type { Event } from '#kube';

/** What the node driver's events say of a pod that runs: what went wrong with its volumes, and is not over. */
export type PodTrouble = 'refresh-fails' | 'secret-sync-fails';

/** The events of docs/refresh.md and docs/secret-sync.md that begin and end a trouble. */
const BEGINS: ReadonlyMap<string, PodTrouble> = new Map([
  ['MountRotationFailed', 'refresh-fails'],
  ['FailedToCreateSecret', 'secret-sync-fails'],
]);
const ENDS: ReadonlyMap<string, PodTrouble> = new Map([
  ['MountRotationComplete', 'refresh-fails'],
  ['MountRotationRecovered', 'refresh-fails'],
  ['SecretSyncRecovered', 'secret-sync-fails'],
]);

/** The trouble of each pod that has one, by the pod's UID; of two the one that began last. */
export function podTroubles(events: readonly Event[]): ReadonlyMap<string, PodTrouble> {
  const troubles = new Map<string, Set<PodTrouble>>();
  for (const { involvedObject, reason = '' } of events.toSorted((a, b) => writtenAt(a) - writtenAt(b))) {
    const { uid } = involvedObject;
    if (uid === undefined) continue;
    const known = troubles.get(uid) ?? new Set();
    const begins = BEGINS.get(reason);
    const ends = ENDS.get(reason);
    if (ends !== undefined) known.delete(ends);
    if (begins === undefined) continue;
    known.delete(begins);
    troubles.set(uid, known.add(begins));
  }
  return new Map(
    [...troubles].flatMap(([uid, known]) => {
      const last = [...known].at(-1);
      return last === undefined ? [] : [[uid, last] as const];
    }),
  );
}

/** The order of the API server's writes, where the times in events are whole seconds. */
function writtenAt({ metadata }: Event): number {
  return Number(metadata.resourceVersion ?? 0);
}
