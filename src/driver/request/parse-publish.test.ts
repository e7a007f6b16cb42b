import { describe, expect, it } from 'vitest';
import { VolumeCapability, type NodePublishVolumeRequest } from '../../gen/csi/v1/csi.ts';
import { parsePublish } from './parse-publish.ts';

function request(volumeMountGroup: string): NodePublishVolumeRequest {
  return {
    volumeId: 'csi-1',
    publishContext: {},
    stagingTargetPath: '',
    targetPath: '/var/lib/kubelet/pods/1/mount',
    volumeCapability: VolumeCapability.fromPartial({ accessType: { $case: 'mount', value: { volumeMountGroup } } }),
    readonly: true,
    secrets: {},
    volumeContext: { secretProviderClass: 'db' },
  };
}

describe('the volume mount group', () => {
  it.each([
    ['', undefined],
    ['0', 0],
    ['4711', 4711],
    ['4294967294', 4294967294],
  ])('%j is %s', (text, groupId) => {
    expect(parsePublish(request(text)).groupId).toBe(groupId);
  });

  it.each(['staff', '-1', '1.5', ' 1', '0x10', '4294967295', '99999999999'])('%j is refused', (text) => {
    expect(() => parsePublish(request(text))).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });

  it('is none for a block device', () => {
    const block = VolumeCapability.fromPartial({ accessType: { $case: 'block', value: {} } });
    expect(parsePublish({ ...request(''), volumeCapability: block }).groupId).toBeUndefined();
  });
});
