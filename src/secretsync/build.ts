import { didYouMean, issueText, KeyferryError, Secret, type Issue } from '#base';
import type { KubeObject, OwnerReference, Pod } from '#kube';
import { SECRET_CLASS_LABELS, type ClassSecretObject } from '#secretclass';
import { dataOfType } from './types.ts';

/** The content of a mounted file by its path in the volume; undefined where there is no such file. */
export type ReadMountedFile = (path: string) => Promise<Secret<Uint8Array> | undefined>;

/** The paths of a volume's files, for messages; long lists are cut. */
export type ListMountedFiles = () => Promise<readonly string[]>;

/** A Kubernetes Secret as a class asks for it, without its owners. */
export interface DesiredSecret {
  readonly name: string;
  readonly namespace: string;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Each value in base64, as the API has it. */
  readonly data: Secret<Readonly<Record<string, string>>>;
}

/** A Secret of a class: `at` is its place there, like `spec.secretObjects[0]`. */
export interface WantedSecret {
  readonly at: string;
  readonly wanted: ClassSecretObject;
  readonly namespace: string;
}

/** Builds the Secret from the mounted files. Throws `invalid-input` with every file that is missing. */
export async function buildSecret(
  { at, wanted, namespace }: WantedSecret,
  readFile: ReadMountedFile,
  listFiles: ListMountedFiles,
): Promise<DesiredSecret> {
  const issues: Issue[] = [];
  const values: { key: string; value: Secret<Uint8Array> }[] = [];
  for (const [index, { objectName, key }] of wanted.data.entries()) {
    const value = await readFile(objectName);
    if (value !== undefined) values.push({ key, value });
    else {
      const message = `file matching objectName ${objectName} not found in the pod`;
      issues.push({
        path: `${at}.data[${index}].objectName`,
        message: `${message}${didYouMean(objectName, await listFiles())}`,
      });
    }
  }
  if (issues.length > 0) throw missingFiles(issues, await listFiles());
  const data = dataOfType(wanted.type, values);
  return {
    name: wanted.secretName,
    namespace,
    type: wanted.type,
    labels: { ...wanted.labels, [SECRET_CLASS_LABELS.managed]: 'true' },
    annotations: wanted.annotations,
    data: new Secret(
      Object.fromEntries(data.map(({ key, value }) => [key, Buffer.from(value.expose()).toString('base64')])),
    ),
  };
}

function missingFiles(issues: readonly Issue[], files: readonly string[]): KeyferryError {
  const held = files.length === 0 ? 'no files' : files.map((file) => JSON.stringify(file)).join(', ');
  const hint = `objectName must be a mounted file: an object's objectAlias where it has one. The volume holds ${held}.`;
  return new KeyferryError('invalid-input', issues.map(issueText).join('; '), { issues, hint });
}

/**
 * Who owns a pod's synced Secrets: the pod's controller (a ReplicaSet, a Job, …), so that they live on between two pods;
 * a bare pod itself.
 */
export function ownerOfSecrets(pod: Pod): OwnerReference {
  const controller = pod.metadata?.ownerReferences?.find((owner) => owner.controller === true);
  const { apiVersion, kind, name, uid } = controller ?? {
    apiVersion: 'v1',
    kind: 'Pod',
    name: pod.metadata?.name ?? '',
    uid: pod.metadata?.uid ?? '',
  };
  return { apiVersion, kind, name, uid };
}

/** Whether the Secret in the cluster already is as wanted and has this owner: then nothing needs to be written. */
export function isUpToDate(live: KubeObject, desired: DesiredSecret, owner: OwnerReference): boolean {
  const holds = (have: unknown, want: Readonly<Record<string, string>>) =>
    Object.entries(want).every(([key, value]) => (have as Record<string, string> | undefined)?.[key] === value);
  const data = desired.data.expose();
  return (
    live['type'] === desired.type &&
    holds(live.metadata.labels, desired.labels) &&
    holds(live.metadata.annotations, desired.annotations) &&
    holds(live['data'], data) &&
    Object.keys((live['data'] as Record<string, string> | undefined) ?? {}).length === Object.keys(data).length &&
    hasOwner(live, owner)
  );
}

/** True when `object` names this owner. */
export function hasOwner(object: KubeObject, owner: OwnerReference): boolean {
  return object.metadata.ownerReferences?.some(({ uid }) => uid === owner.uid) === true;
}
