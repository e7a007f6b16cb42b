import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { ProviderCodeError } from '#providerapi';
import { ControllerClient, VolumeCapability_AccessMode_Mode } from '../gen/csi/v1/csi.ts';
import { startHarness, type DriverHarness } from './testing/harness.ts';

const limits = { timeoutMs: 5000 };
const capability = { accessType: undefined, accessMode: { mode: 1 as const } };
const context = { publishContext: {}, secrets: {}, volumeContext: {} };
const stage = (harness: DriverHarness, change: object) =>
  callUnary(
    harness.node,
    'nodeStageVolume',
    { volumeId: 'v', stagingTargetPath: '/s/t', volumeCapability: capability, ...context, ...change },
    limits,
    systemClock,
  );
const unstage = (harness: DriverHarness, change: object) =>
  callUnary(
    harness.node,
    'nodeUnstageVolume',
    { volumeId: 'v', stagingTargetPath: '/s/t', ...change },
    limits,
    systemClock,
  );

describe('staging, which kubelet never asks for', () => {
  it.each([
    ['a stage without an id', stage, { volumeId: '' }, 'Volume ID missing in request'],
    ['a stage without a path', stage, { stagingTargetPath: '' }, 'Target path missing in request'],
    ['a stage without a capability', stage, { volumeCapability: undefined }, 'Volume Capability missing in request'],
    ['an unstage without an id', unstage, { volumeId: '' }, 'Volume ID missing in request'],
    ['an unstage without a path', unstage, { stagingTargetPath: '' }, 'Target path missing in request'],
  ])('refuses %s', async (_what, call, change, message) => {
    await using harness = await startHarness();
    await expect(call(harness, change)).rejects.toMatchObject({ code: 'invalid-input', message });
  });

  it('does nothing', async () => {
    await using harness = await startHarness();
    await stage(harness, {});
    await unstage(harness, {});
    expect(harness.mounter.mounted.size).toBe(0);
  });
});

describe('what the driver says of itself', () => {
  it('is a controller service that controls nothing', async () => {
    await using harness = await startHarness();
    const plugin = await callUnary(harness.identity, 'getPluginCapabilities', {}, limits, systemClock);
    expect(plugin.capabilities).toEqual([{ type: { $case: 'service', value: { type: 1 } } }]);
    const controller = createGrpcClient(ControllerClient, join(harness.folder, 'csi.sock'));
    const { capabilities } = await callUnary(controller, 'controllerGetCapabilities', {}, limits, systemClock);
    controller.close();
    expect(capabilities).toEqual([]);
  });

  it.each([
    ['', [], 'invalid-input', 'Volume ID missing in request'],
    ['v', [], 'invalid-input', 'Volume Capabilities missing in request'],
    [
      'v',
      [{ accessMode: { mode: VolumeCapability_AccessMode_Mode.SINGLE_NODE_WRITER } }],
      'not-found',
      'volume v was not made here',
    ],
  ])(
    'is a controller service that knows no volume "%s" with %j',
    async (volumeId, volumeCapabilities, code, message) => {
      await using harness = await startHarness();
      const controller = createGrpcClient(ControllerClient, join(harness.folder, 'csi.sock'));
      const request = {
        volumeId,
        volumeCapabilities: volumeCapabilities.map((one) => ({ accessType: undefined, ...one })),
      };
      const call = callUnary(controller, 'validateVolumeCapabilities', request, limits, systemClock);
      await expect(call).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
      controller.close();
    },
  );

  it.each(['nodeGetVolumeStats', 'nodeExpandVolume'] as const)('does not hold %s', async (method) => {
    await using harness = await startHarness();
    const request = { volumeId: 'v', volumePath: '/a/b', stagingTargetPath: '' };
    await expect(callUnary(harness.node, method, request as never, limits, systemClock)).rejects.toMatchObject({
      code: 'unsupported',
    });
  });
});

describe("a provider's error code", () => {
  it('is the error type of the metric, and in the text that kubelet gets', async () => {
    await using harness = await startHarness();
    harness.answer = () => Promise.reject(new ProviderCodeError('VaultSealed'));
    await expect(harness.publish()).rejects.toMatchObject({
      message: expect.stringContaining('mount request failed with provider error code VaultSealed') as string,
    });
    expect(await harness.registry.metrics()).toMatch(
      /node_publish_error_total\{[^}]*error_type="VaultSealed"[^}]*\} 1/,
    );
  });
});

describe('the debug log', () => {
  it('has what kubelet asks for, without tokens and secrets', async () => {
    await using harness = await startHarness();
    const token = { 'csi.storage.k8s.io/serviceAccount.tokens': 'a-token' };
    await harness.publish({ context: token, secrets: { password: 'a-secret', ...token } });
    const asked = harness.log.lines.find(({ message }) => message === 'Publish asked for');
    expect(asked?.fields).toMatchObject({
      volumeContext: {
        secretProviderClass: 'db',
        'csi.storage.k8s.io/serviceAccount.tokens': '***stripped***',
      },
    });
    expect(JSON.stringify(harness.log.lines)).not.toMatch(/a-token|a-secret/);
  });
});
