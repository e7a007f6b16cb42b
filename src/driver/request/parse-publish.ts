import { KeyferryError, Secret } from '#base';
import type { NodePublishVolumeRequest, VolumeCapability } from '../../gen/csi/v1/csi.ts';
import { TOKENS_ATTRIBUTE } from '#providerapi';
import { parseTargetPath } from './target-path.ts';

/** The pod that a volume is for, as kubelet names it (podInfoOnMount). */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A NodePublishVolume request, checked. */
export interface PublishRequest {
  readonly volumeId: string;
  readonly targetPath: string;
  readonly className: string;
  readonly pod: PodIdentity;
  /** The volume context; under TOKENS_ATTRIBUTE, kubelet's tokens, from whichever place kubelet put them in. Never logged. */
  readonly volumeContext: Readonly<Record<string, string>>;
  /** The pod's fsGroup, as kubelet hands it to drivers with VOLUME_MOUNT_GROUP; undefined: the pod has none. */
  readonly groupId: number | undefined;
  /** The content of the Secret of nodePublishSecretRef. */
  readonly secrets: Secret<Readonly<Record<string, string>>>;
}

const POD = 'csi.storage.k8s.io/pod';
const NAME_A_CLASS = "name the class in the pod's spec.volumes[].csi.volumeAttributes.secretProviderClass";
const SAY_READ_ONLY = "set readOnly: true in the pod's spec.volumes[].csi";

/**
 * Checks a NodePublishVolume request; the texts are upstream's. Since Kubernetes 1.35 the tokens may come among the
 * secrets (serviceAccountTokenInSecrets), before it in the volume context: here they end in one place.
 */
export function parsePublish(request: NodePublishVolumeRequest): PublishRequest {
  if (request.volumeCapability === undefined) throw missing('Volume capability');
  if (request.volumeId === '') throw missing('Volume ID');
  const targetPath = parseTargetPath(request.targetPath);
  if (Object.keys(request.volumeContext).length === 0) throw missing('Volume attributes');
  const context = request.volumeContext;
  const { [TOKENS_ATTRIBUTE]: tokensInSecrets, ...secrets } = request.secrets;
  const className = context['secretProviderClass'] ?? '';
  // Upstream answers Unknown here, not InvalidArgument; kubelet treats both as final.
  if (className === '') throw new KeyferryError('unknown', `secretProviderClass is not set: ${NAME_A_CLASS}`);
  // Kubelet's bind mount into the container is read-only only where the pod's volume says so.
  if (!request.readonly) throw new KeyferryError('invalid-input', `Readonly is not true in request: ${SAY_READ_ONLY}`);
  return {
    volumeId: request.volumeId,
    targetPath,
    className,
    pod: {
      namespace: context[`${POD}.namespace`] ?? '',
      name: context[`${POD}.name`] ?? '',
      uid: context[`${POD}.uid`] ?? '',
    },
    groupId: parseGroup(request.volumeCapability),
    volumeContext: tokensInSecrets === undefined ? context : { ...context, [TOKENS_ATTRIBUTE]: tokensInSecrets },
    secrets: new Secret(secrets),
  };
}

/** The largest group id; the one after it means "none" to chown(2). */
const MAX_GROUP = 2 ** 32 - 2;

function parseGroup({ accessType }: VolumeCapability): number | undefined {
  const text = accessType?.$case === 'mount' ? accessType.value.volumeMountGroup : '';
  if (text === '') return undefined;
  const groupId = /^\d{1,10}$/.test(text) ? Number(text) : Infinity;
  if (groupId > MAX_GROUP) {
    throw new KeyferryError('invalid-input', `Volume mount group ${JSON.stringify(text.slice(0, 64))} is no group id`);
  }
  return groupId;
}

function missing(what: string): KeyferryError {
  return new KeyferryError('invalid-input', `${what} missing in request`);
}
