import { expect, it } from 'vitest';
import { filesOf, startHarness } from '../testing/harness.ts';

const slow = (events: readonly { readonly reason: string }[]) => events.filter(({ reason }) => reason === 'MountSlow');

it('a publish that takes long is told once, with what the provider waits for', async () => {
  await using harness = await startHarness();
  let answer: () => void = () => undefined;
  harness.answer = async (request) => {
    request.onProgress?.(() => 'a token from https://login.test for 15 s');
    await new Promise<void>((resolve) => (answer = resolve));
    return filesOf({ password: 'hunter2' });
  };
  const publish = harness.publish();
  await expect.poll(() => harness.mounts.length).toBe(1);
  await harness.clock.advance(14_999);
  expect(slow(harness.events)).toEqual([]);
  await harness.clock.advance(1);
  await harness.clock.advance(60_000);
  answer();
  await publish;
  expect(slow(harness.events)).toEqual([
    {
      pod: 'shop/web-1',
      type: 'Warning',
      reason: 'MountSlow',
      message:
        'the secrets store objects of db are not mounted after 15 s: still waiting for a token from https://login.test for 15 s',
    },
  ]);
});

it('a provider that does not say what it waits for is named as a step', async () => {
  await using harness = await startHarness();
  let answer: () => void = () => undefined;
  harness.answer = async () => {
    await new Promise<void>((resolve) => (answer = resolve));
    return filesOf({ password: 'hunter2' });
  };
  const publish = harness.publish();
  await expect.poll(() => harness.mounts.length).toBe(1);
  await harness.clock.advance(15_000);
  answer();
  await publish;
  expect(slow(harness.events)).toMatchObject([{ message: expect.stringMatching(/still waiting for the provider$/) }]);
});

it('a publish that was quick is not told later', async () => {
  await using harness = await startHarness({ refreshes: false });
  await harness.publish();
  await harness.clock.advance(60_000);
  expect(slow(harness.events)).toEqual([]);
});
