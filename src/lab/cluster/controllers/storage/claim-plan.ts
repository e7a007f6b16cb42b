import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import type { KubeObject } from '#kube';
import { parseQuantity } from '../../quantity.ts';
import type { EventText } from '../reconcile/events.ts';
import { selectorMatches } from '../workloads/label-selector.ts';

/** A claim as the API server has it. */
export type StoredClaim = PersistentVolumeClaim & KubeObject;
/** A volume as the API server has it. */
export type StoredVolume = PersistentVolume & KubeObject;
/** A class as the API server has it. */
export type StoredClass = StorageClass & KubeObject;

/** What becomes of a claim now. */
export type ClaimPlan =
  | { readonly kind: 'bound' }
  | { readonly kind: 'bind'; readonly volume: StoredVolume }
  /** A new volume, which is bound after it was created. */
  | { readonly kind: 'provision'; readonly volume: PersistentVolume }
  | { readonly kind: 'wait'; readonly event: EventText };

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';
/** On a volume: who made it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** The provisioner of the lab's own classes. */
export const LAB_PROVISIONER = 'node-folder.lab.keyferry';
const FOLDER = '/var/lib/lab-volumes';

/**
 * Finds a volume for a claim: the one that either of them names, the smallest free one that fits, or a new folder of the
 * node, whatever the class's provisioner is. Without a class (`storageClassName: ""`) no volume is made.
 */
export function planClaim(
  claim: StoredClaim,
  volumes: readonly StoredVolume[],
  classes: readonly StoredClass[],
): ClaimPlan {
  if (claim.status?.phase === 'Bound') return { kind: 'bound' };
  const className = classNameOf(claim, classes);
  const fitting = volumes.filter((volume) => isFor(volume, claim) || fits(volume, claim, className));
  const [volume] = [...fitting].sort(
    (a, b) => Number(isFor(b, claim)) - Number(isFor(a, claim)) || sizeOf(a) - sizeOf(b),
  );
  if (volume !== undefined) return { kind: 'bind', volume };
  if (claim.spec?.volumeName) {
    const message = `volume "${claim.spec.volumeName}" not found`;
    return { kind: 'wait', event: { type: 'Warning', reason: 'FailedBinding', message } };
  }
  if (className === '') {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    return { kind: 'wait', event: { type: 'Normal', reason: 'FailedBinding', message } };
  }
  const found = classes.find(({ metadata }) => metadata.name === className);
  if (found === undefined) {
    const message = `storageclass.storage.k8s.io "${className}" not found`;
    return { kind: 'wait', event: { type: 'Warning', reason: 'ProvisioningFailed', message } };
  }
  if (found.provisioner === NO_PROVISIONER) {
    const message = 'waiting for a volume to be created';
    return { kind: 'wait', event: { type: 'Normal', reason: 'FailedBinding', message } };
  }
  return { kind: 'provision', volume: planVolume(claim, found) };
}

const bytes = (quantity: string | undefined) => parseQuantity(quantity ?? '0') ?? 0;
const sizeOf = ({ spec }: StoredVolume) => bytes(spec?.capacity?.['storage']);

/** The class that a claim names, or else the default one; '' for none. */
export function classNameOf({ spec }: StoredClaim, classes: readonly StoredClass[]): string {
  const byDefault = classes.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true');
  return spec?.storageClassName ?? byDefault?.metadata.name ?? '';
}

/** Whether the volume and the claim name each other, as far as they name anything. */
function isFor({ metadata, spec }: StoredVolume, claim: StoredClaim): boolean {
  const { claimRef } = spec ?? {};
  const wanted = claim.spec?.volumeName;
  if (claimRef === undefined) return wanted === metadata.name;
  const { namespace, name, uid } = claim.metadata;
  const names = claimRef.namespace === namespace && claimRef.name === name && (claimRef.uid ?? uid) === uid;
  return names && (!wanted || wanted === metadata.name);
}

function fits(volume: StoredVolume, { spec }: StoredClaim, className: string): boolean {
  const { claimRef, storageClassName = '', accessModes = [] } = volume.spec ?? {};
  if (claimRef !== undefined || volume.metadata.deletionTimestamp !== undefined || spec?.volumeName) return false;
  return (
    storageClassName === className &&
    (spec?.accessModes ?? []).every((mode) => accessModes.includes(mode)) &&
    sizeOf(volume) >= bytes(spec?.resources?.requests?.['storage']) &&
    (spec?.selector === undefined || selectorMatches(spec.selector, volume.metadata.labels))
  );
}

/** A folder of the node for a claim. */
function planVolume({ metadata, spec }: StoredClaim, { metadata: of, reclaimPolicy }: StoredClass): PersistentVolume {
  const name = `pvc-${metadata.uid ?? ''}`;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { [PROVISIONED_BY]: LAB_PROVISIONER } },
    spec: {
      capacity: { storage: spec?.resources?.requests?.['storage'] ?? '0' },
      accessModes: [...(spec?.accessModes ?? [])],
      persistentVolumeReclaimPolicy: reclaimPolicy ?? 'Delete',
      storageClassName: of.name ?? '',
      hostPath: { path: `${FOLDER}/${name}`, type: 'DirectoryOrCreate' },
    },
  };
}

/** What becomes of a volume whose claim is gone, or that has none: the phase of its status, or its end. */
export function planVolumeEnd(
  volume: StoredVolume,
  claim: StoredClaim | undefined,
): 'delete' | 'Available' | 'Bound' | 'Released' {
  const { claimRef, persistentVolumeReclaimPolicy } = volume.spec ?? {};
  if (claimRef?.uid === undefined) return 'Available';
  if (claim?.metadata.uid === claimRef.uid) return 'Bound';
  const isOurs = volume.metadata.annotations?.[PROVISIONED_BY] === LAB_PROVISIONER;
  return isOurs && persistentVolumeReclaimPolicy === 'Delete' ? 'delete' : 'Released';
}

// The classes of an AKS cluster that people's manifests name.
const CLASS_NAMES = ['default', 'managed-csi', 'managed-csi-premium', 'azurefile-csi', 'azurefile-csi-premium'];

/** The classes that a cluster begins with: those of AKS, by name; what they give is a folder of the node. */
export const STORAGE_CLASSES = CLASS_NAMES.map((name) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name, ...(name === 'default' ? { annotations: { [DEFAULT_CLASS]: 'true' } } : {}) },
  provisioner: LAB_PROVISIONER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'Immediate',
}));
