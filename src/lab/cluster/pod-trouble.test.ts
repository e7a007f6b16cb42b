import { expect, test } from 'vitest';
import type { Event } from '#kube';
import { podTroubles } from './pod-trouble.ts';

const event = (reason: string, written: number, uid = 'u1'): Event => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: `${reason}-${written}`, namespace: 'default', resourceVersion: String(written) },
  involvedObject: { kind: 'Pod', namespace: 'default', name: 'p', uid },
  type: 'Warning',
  reason,
});

test.each<{ name: string; events: readonly Event[]; expected: string | undefined }>([
  { name: 'no event', events: [], expected: undefined },
  { name: 'other events', events: [event('Pulled', 1), event('BackOff', 2)], expected: undefined },
  { name: 'a refresh that failed', events: [event('MountRotationFailed', 1)], expected: 'refresh-fails' },
  {
    name: 'one that is over, listed in another order than written',
    events: [event('MountRotationRecovered', 10), event('MountRotationFailed', 9)],
    expected: undefined,
  },
  {
    name: 'one that is over by new content',
    events: [event('MountRotationFailed', 1), event('MountRotationComplete', 2)],
    expected: undefined,
  },
  {
    name: 'one that came back',
    events: [event('MountRotationFailed', 1), event('MountRotationRecovered', 2), event('MountRotationFailed', 3)],
    expected: 'refresh-fails',
  },
  {
    name: 'a Secret that cannot be made, while refreshes succeed',
    events: [event('FailedToCreateSecret', 1), event('MountRotationComplete', 2)],
    expected: 'secret-sync-fails',
  },
  { name: 'that of another pod of the name', events: [event('MountRotationFailed', 1, 'u0')], expected: undefined },
])('the trouble of a pod: $name', ({ events, expected }) => {
  expect(podTroubles(events).get('u1')).toBe(expected);
});
