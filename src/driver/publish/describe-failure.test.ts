import { describe, expect, it } from 'vitest';
import { errorText, KeyferryError } from '#base';
import { describeFailure } from './describe-failure.ts';
import { StageFailure } from './stage.ts';

const request = (pod: string, volume = 'secrets') => ({
  pod: { namespace: 'shop', name: pod, uid: '7c1f' },
  targetPath: `/var/lib/kubelet/pods/7c1f/volumes/kubernetes.io~csi/${volume}/mount`,
});
const eventOf = (pod: string, volume: string, error: KeyferryError) => {
  const told = describeFailure(request(pod, volume), new StageFailure('GRPCProviderError', error));
  return `MountVolume.SetUp failed for volume "${volume}" : rpc error: code = FailedPrecondition desc = ${errorText(told)}`;
};

describe('what kubelet is told of a failed publish', () => {
  it('is what was attempted, why it failed and what helps', () => {
    const error = new KeyferryError('permission-denied', 'no way', { hint: 'Ask.', cause: new Error('no key') });
    const told = describeFailure(request('web-1'), new StageFailure('GRPCProviderError', error));
    expect(told.message).toBe('failed to mount secrets store objects for pod shop/web-1, err: no way: no key. Ask.');
    expect(told.code).toBe('permission-denied');
  });

  it.each([
    ['web-1', 'secrets'],
    [
      'a-long-name-of-a-pod-with-a-suffix-7d4b9c6f5-x2x8k',
      'a-volume-with-a-rather-long-name-of-sixty-three-characters-in-it',
    ],
  ])('fits into an event with the words of kubelet, and what helps is never cut off: pod %s', (pod, volume) => {
    const error = new KeyferryError('failed-precondition', `begin ${'x'.repeat(3000)}`, { hint: 'What helps.' });
    const event = eventOf(pod, volume, error);
    expect(event).toHaveLength(1024);
    expect(event).toMatch(/err: begin x+ … x+\. What helps\.$/);
  });

  it('keeps most of the reason where names are as long as names can be', () => {
    const error = new KeyferryError('unknown', `begin ${'x'.repeat(3000)}`, { hint: 'What helps.' });
    expect(eventOf('p'.repeat(253), 'v'.repeat(63), error)).toMatch(/begin x{200,} … x+\. What helps\.$/);
    expect(eventOf('p'.repeat(700), 'v'.repeat(63), error)).toMatch(/begin x{200,} … x+\. What helps\.$/);
  });
});
