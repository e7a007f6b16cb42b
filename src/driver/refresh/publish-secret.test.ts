import { expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { filesOf, startHarness } from '../testing/harness.ts';

// The Secret of nodePublishSecretRef comes with kubelet's calls, and its content may be what a refresh waits for.

const OLD = { secrets: { clientid: 'c', clientsecret: 'old' } };
const NEW = { secrets: { clientid: 'c', clientsecret: 'new' } };

it('a volume whose refresh failed is checked at once when its Secret has become another one', async () => {
  await using harness = await startHarness();
  await harness.publish(OLD);
  harness.answer = () => Promise.reject(new KeyferryError('unknown', 'AADSTS7000215: invalid client secret'));
  await harness.nextChecks();
  const failed = harness.mounts.length;
  await harness.publish(OLD);
  expect(harness.mounts).toHaveLength(failed);
  harness.answer = () => filesOf({ password: 'changed' }, 'v2');
  await harness.publish(NEW);
  expect(harness.mounts.at(-1)?.secrets.expose()).toEqual(NEW.secrets);
  expect(harness.events.at(-1)?.reason).toBe('MountRotationComplete');
});

it('the same Secret, its keys in another order, is no reason for a check', async () => {
  await using harness = await startHarness();
  await harness.publish(OLD);
  await harness.publish({ secrets: { clientsecret: 'old', clientid: 'c' } });
  expect(harness.mounts).toHaveLength(1);
});
