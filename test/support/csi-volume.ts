/** NodePublishVolume as kubelet calls it for an ephemeral volume, for pods that are only a name. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Secret } from '#base';
import type { NodePublishVolumeRequest } from '../../src/gen/csi/v1/csi.ts';

/** A volume of a pod that is only a name. */
export interface TestVolume {
  readonly volumeId: string;
  readonly targetPath: string;
  readonly podName: string;
  readonly podUid: string;
}

/** What a publish hands over beside the pod. */
export interface PublishRequest {
  readonly className: string;
  readonly serviceAccount: string;
  /** By audience, as kubelet sends them. */
  readonly tokens: Readonly<Record<string, { readonly token: Secret<string>; readonly expirationTimestamp: string }>>;
}

/** Volume number `index` below kubelet's folder `kubelet`, with the name and place that kubelet gives. */
export function testVolume(kubelet: string, index: number): TestVolume {
  const podUid = createHash('sha256').update(`${kubelet} ${index}`).digest('hex').slice(0, 32);
  const targetPath = join(kubelet, 'pods', podUid, 'volumes/kubernetes.io~csi/secrets/mount');
  return { volumeId: `csi-${podUid}`, targetPath, podUid, podName: `pod-${index}` };
}

/** Makes the folder that kubelet makes, above the target, and answers the request that mounts the volume there. */
export function preparePublish(
  { volumeId, targetPath, podName, podUid }: TestVolume,
  { className, serviceAccount, tokens }: PublishRequest,
): NodePublishVolumeRequest {
  mkdirSync(join(targetPath, '..'), { recursive: true });
  const shown = Object.entries(tokens).map(([audience, { token, ...rest }]) => [
    audience,
    { token: token.expose(), ...rest },
  ]);
  return {
    volumeId,
    publishContext: {},
    stagingTargetPath: '',
    targetPath,
    volumeCapability: {
      accessType: { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '' } },
      accessMode: { mode: 1 },
    },
    readonly: true,
    secrets: {},
    volumeContext: {
      secretProviderClass: className,
      'csi.storage.k8s.io/pod.name': podName,
      'csi.storage.k8s.io/pod.namespace': 'default',
      'csi.storage.k8s.io/pod.uid': podUid,
      'csi.storage.k8s.io/serviceAccount.name': serviceAccount,
      'csi.storage.k8s.io/ephemeral': 'true',
      'csi.storage.k8s.io/serviceAccount.tokens': JSON.stringify(Object.fromEntries(shown)),
    },
  };
}
