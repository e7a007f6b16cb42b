import { createHash } from 'node:crypto';
import type { KeyferryError } from '#base';
import { type ErrorCode } from '#base';
import type { KubeObject, Pod, Volume } from '#kube';
import { VolumeCapability_AccessMode_Mode, type NodePublishVolumeRequest } from '../../../gen/csi/v1/csi.ts';

/** A CSIDriver object, as far as a kubelet looks at it. */
export interface CsiDriverObject extends KubeObject {
  readonly spec?: {
    readonly podInfoOnMount?: boolean;
    readonly requiresRepublish?: boolean;
    readonly serviceAccountTokenInSecrets?: boolean;
    readonly volumeLifecycleModes?: readonly string[];
    readonly tokenRequests?: readonly { readonly audience: string; readonly expirationSeconds?: number }[];
  };
}

/** A token per audience, as kubelet sends them. */
export type ServiceAccountTokens = Readonly<
  Record<string, { readonly token: string; readonly expirationTimestamp: string }>
>;

const TOKENS_KEY = 'csi.storage.k8s.io/serviceAccount.tokens';

/** The id of an inline volume (pkg/volume/csi/csi_plugin.go, makeVolumeHandle). */
export function volumeHandle(podUid: string, volumeName: string): string {
  return `csi-${createHash('sha256').update(`${podUid}${volumeName}`).digest('hex')}`;
}

/** The request that a kubelet makes for an inline volume: the pod's attributes, then its own keys over them. */
export function buildPublishRequest(input: {
  readonly pod: Pod;
  readonly volume: Volume;
  readonly driver: CsiDriverObject;
  readonly targetPath: string;
  /** For a driver with VOLUME_MOUNT_GROUP. */
  readonly fsGroup?: number | undefined;
  /** The decoded Secret of nodePublishSecretRef. */
  readonly publishSecret?: Readonly<Record<string, string>> | undefined;
  readonly tokens?: ServiceAccountTokens | undefined;
}): NodePublishVolumeRequest {
  const { pod, volume, driver, tokens } = input;
  const uid = pod.metadata?.uid ?? '';
  const context: Record<string, string> = { ...volume.csi?.volumeAttributes };
  const secrets: Record<string, string> = { ...input.publishSecret };
  if (driver.spec?.podInfoOnMount === true) {
    context['csi.storage.k8s.io/pod.name'] = pod.metadata?.name ?? '';
    context['csi.storage.k8s.io/pod.namespace'] = pod.metadata?.namespace ?? '';
    context['csi.storage.k8s.io/pod.uid'] = uid;
    context['csi.storage.k8s.io/serviceAccount.name'] = pod.spec?.serviceAccountName ?? 'default';
    context['csi.storage.k8s.io/ephemeral'] = 'true';
  }
  if (tokens !== undefined && Object.keys(tokens).length > 0) {
    const carrier = driver.spec?.serviceAccountTokenInSecrets === true ? secrets : context;
    carrier[TOKENS_KEY] = JSON.stringify(tokens);
  }
  return {
    volumeId: volumeHandle(uid, volume.name),
    publishContext: {},
    stagingTargetPath: '',
    targetPath: input.targetPath,
    volumeCapability: {
      accessType: {
        $case: 'mount',
        value: { fsType: volume.csi?.fsType ?? '', mountFlags: [], volumeMountGroup: input.fsGroup?.toString() ?? '' },
      },
      accessMode: { mode: VolumeCapability_AccessMode_Mode.SINGLE_NODE_WRITER },
    },
    readonly: volume.csi?.readOnly ?? false,
    secrets,
    volumeContext: context,
  };
}

const GO_CODES: Readonly<Record<ErrorCode, string>> = {
  'invalid-input': 'InvalidArgument',
  'not-found': 'NotFound',
  'already-exists': 'AlreadyExists',
  'permission-denied': 'PermissionDenied',
  unauthenticated: 'Unauthenticated',
  'failed-precondition': 'FailedPrecondition',
  'resource-exhausted': 'ResourceExhausted',
  aborted: 'Aborted',
  'deadline-exceeded': 'DeadlineExceeded',
  unavailable: 'Unavailable',
  unsupported: 'Unimplemented',
  unknown: 'Unknown',
  internal: 'Internal',
};

/** A failed call as Go programs print it, which is what people search for: `rpc error: code = Unknown desc = …`. */
export function rpcErrorText({ code, message }: KeyferryError): string {
  return `rpc error: code = ${GO_CODES[code]} desc = ${code === 'unavailable' ? inWordsOfGo(message) : message}`;
}

const NOT_CONNECTED =
  /^No connection established\. Last error: (?:Error: )?connect (?<code>E[A-Z]+) (?<socket>.+?)\. Resolution note/;

const GO_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'no such file or directory',
};

/** What a library for Node says of a driver that has ended, in the words of the one that kubelet has (grpc-go). */
function inWordsOfGo(message: string): string {
  if (message === 'Connection dropped') return 'error reading from server: EOF';
  const { code = '', socket = '' } = NOT_CONNECTED.exec(message)?.groups ?? {};
  if (code === '') return message;
  return `connection error: desc = "transport: Error while dialing: dial unix ${socket}: connect: ${GO_REASONS[code] ?? code}"`;
}
