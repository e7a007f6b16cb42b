import { RESOURCES } from '../../resources.ts';
import { ignoreAlreadyExists, ignoreNotFound, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf, parseKey } from '../reconcile/informer.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import {
  classNameOf,
  planClaim,
  planVolumeEnd,
  STORAGE_CLASSES,
  type StoredClaim,
  type StoredClass,
  type StoredVolume,
} from './claim-plan.ts';

/** Creates the storage classes that a cluster begins with, when they are missing. */
export async function ensureStorageClasses({ api }: ControllerContext): Promise<void> {
  for (const body of STORAGE_CLASSES) await ignoreAlreadyExists(api.create(RESOURCES.storageClasses, undefined, body));
}

/** Binds each claim to a volume, which it makes where none fits. */
export function startClaimController(context: ControllerContext): ReconcileLoop {
  const { api } = context;
  const events = context.eventsOf('persistentvolume-controller');

  const bind = async (claim: StoredClaim, volume: StoredVolume, className: string): Promise<void> => {
    const { namespace, name = '', uid = '' } = claim.metadata;
    const volumeKey = { name: volume.metadata.name ?? '' };
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid };
    const { resourceVersion } = volume.metadata;
    await api.patch(RESOURCES.persistentVolumes, volumeKey, 'merge', {
      metadata: { resourceVersion },
      spec: { claimRef },
    });
    await api.patch(RESOURCES.persistentVolumes, volumeKey, 'merge', { status: { phase: 'Bound' } }, 'status');
    const key = { namespace, name };
    const annotations = { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' };
    const storageClassName = claim.spec?.storageClassName ?? className;
    const spec = { volumeName: volumeKey.name, ...(storageClassName === '' ? {} : { storageClassName }) };
    await api.patch(RESOURCES.persistentVolumeClaims, key, 'merge', { metadata: { uid, annotations }, spec });
    const { accessModes = [], capacity = {} } = volume.spec ?? {};
    const status = { phase: 'Bound', accessModes, capacity };
    await api.patch(RESOURCES.persistentVolumeClaims, key, 'merge', { status }, 'status');
  };

  const claims = new Set<string>();
  const loop = startReconcileLoop({
    ...context,
    name: 'persistent-volume-claim',
    // One after another, so that two claims never take the same volume.
    workers: 1,
    reconcile: async (key) => {
      const at = parseKey(key);
      const claim = await orIfNotFound(api.get<StoredClaim>(RESOURCES.persistentVolumeClaims, at), undefined);
      if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return undefined;
      const { items: volumes } = await api.list<StoredVolume>(RESOURCES.persistentVolumes);
      const { items: classes } = await api.list<StoredClass>(RESOURCES.storageClasses);
      const plan = planClaim(claim, volumes, classes);
      if (plan.kind === 'wait') await events.record(claim, plan.event);
      if (plan.kind === 'bind') await bind(claim, plan.volume, classNameOf(claim, classes));
      if (plan.kind !== 'provision') return undefined;
      const volume = await api.create<StoredVolume>(RESOURCES.persistentVolumes, undefined, plan.volume);
      const message = `Successfully provisioned volume ${volume.metadata.name ?? ''}`;
      await events.record(claim, { type: 'Normal', reason: 'ProvisioningSucceeded', message });
      await bind(claim, volume, classNameOf(claim, classes));
      return undefined;
    },
  });
  context.watch<StoredClaim>(RESOURCES.persistentVolumeClaims, ({ type, object }) => {
    const key = keyOf(object);
    if (type === 'deleted' || object.status?.phase === 'Bound') claims.delete(key);
    else claims.add(key);
    if (claims.has(key)) loop.enqueue(key);
  });
  const lookAgain = () => {
    for (const key of claims) loop.enqueue(key);
  };
  context.watch(RESOURCES.persistentVolumes, lookAgain);
  context.watch(RESOURCES.storageClasses, lookAgain);
  return loop;
}

/** Keeps the phases of volumes, and deletes those that were made for a claim that is gone. */
export function startVolumeController(context: ControllerContext): ReconcileLoop {
  const { api } = context;
  const claimOf = new Map<string, string>();
  const loop = startReconcileLoop({
    ...context,
    name: 'persistent-volume',
    reconcile: async (name) => {
      const volume = await orIfNotFound(api.get<StoredVolume>(RESOURCES.persistentVolumes, { name }), undefined);
      if (volume === undefined || volume.metadata.deletionTimestamp !== undefined) return undefined;
      const { claimRef } = volume.spec ?? {};
      const key = { namespace: claimRef?.namespace, name: claimRef?.name ?? '' };
      const read = () => orIfNotFound(api.get<StoredClaim>(RESOURCES.persistentVolumeClaims, key), undefined);
      const end = planVolumeEnd(volume, claimRef === undefined ? undefined : await read());
      if (end === 'delete') await ignoreNotFound(api.delete(RESOURCES.persistentVolumes, { name }));
      else if (volume.status?.phase !== end) {
        const body = { status: { phase: end } };
        await ignoreNotFound(api.patch(RESOURCES.persistentVolumes, { name }, 'merge', body, 'status'));
      }
      return undefined;
    },
  });
  context.watch<StoredVolume>(RESOURCES.persistentVolumes, ({ type, object }) => {
    const name = keyOf(object);
    const { claimRef } = object.spec ?? {};
    if (type === 'deleted' || claimRef === undefined) claimOf.delete(name);
    else claimOf.set(name, `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`);
    if (type !== 'deleted') loop.enqueue(name);
  });
  context.watch(RESOURCES.persistentVolumeClaims, ({ type, object }) => {
    if (type !== 'deleted') return;
    for (const [name, claim] of claimOf) if (claim === keyOf(object)) loop.enqueue(name);
  });
  return loop;
}
