// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { constantFrom, oneof, tuple } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { callUnary } from '#grpc';
import { fuzz } from '../base/testing/fuzz.ts';
import { hostileText, hostileTextMap, mutatedBytes } from '../base/testing/hostile.ts';
import { NodePublishVolumeRequest, NodeUnpublishVolumeRequest } from '../gen/csi/v1/csi.ts';
import { startHarness, type DriverHarness } from './testing/harness.ts';

// The driver on its real socket: whatever bytes come, each call ends with a status of gRPC, and the driver goes on.

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2ln';
const METHODS = [
  'NodePublishVolume',
  'NodeUnpublishVolume',
  'NodeGetInfo',
  'NodeStageVolume',
  'NodeExpandVolume',
  'Nothing',
];
// Codes of gRPC.
const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;

let harness: DriverHarness;
let client: Client;
let socketPath: string;
beforeAll(async () => {
  harness = await startHarness();
  const name = readdirSync(harness.folder).find((each) => each.endsWith('.sock')) ?? '';
  socketPath = join(harness.folder, name);
  client = new Client(`unix:${socketPath}`, credentials.createInsecure(), { 'grpc.default_authority': 'localhost' });
});
afterAll(async () => {
  client.close();
  await harness[Symbol.asyncDispose]();
});

const publish = (change: Partial<NodePublishVolumeRequest> = {}): Uint8Array =>
  NodePublishVolumeRequest.encode(
    NodePublishVolumeRequest.fromPartial({
      volumeId: 'v',
      targetPath: '/nowhere/of/a/volume',
      readonly: true,
      volumeCapability: {},
      volumeContext: {
        secretProviderClass: 'none',
        'csi.storage.k8s.io/pod.namespace': 'shop',
        'csi.storage.k8s.io/serviceAccount.tokens': TOKEN,
      },
      secrets: { clientsecret: TOKEN },
      ...change,
    }),
  ).finish();

/** Sends bytes as the message of a call; the status it ends with, undefined for OK. */
function call(method: string, bytes: Uint8Array): Promise<ServiceError | undefined> {
  return new Promise((resolve) => {
    const plain = (value: Uint8Array) => Buffer.from(value);
    client.makeUnaryRequest(`/csi.v1.Node/${method}`, plain, plain, bytes, (error) => resolve(error ?? undefined));
  });
}

async function expectWell(): Promise<void> {
  const info = await callUnary(harness.identity, 'getPluginInfo', {}, { timeoutMs: 10_000 }, systemClock);
  expect(info.name).not.toBe('');
}

describe('the CSI socket', () => {
  fuzz(
    'ends every call of any bytes with a status, which tells no token',
    tuple(
      constantFrom(...METHODS),
      mutatedBytes([
        publish(),
        NodeUnpublishVolumeRequest.encode({ volumeId: 'v', targetPath: '/a/b/c' }).finish(),
        Buffer.alloc(0),
      ]),
    ),
    { inputs: 60, seed: 791 },
    async ([method, bytes]) => {
      const details = (await call(method, bytes))?.details ?? '';
      // A target path is told. Bytes that are damaged in the right place make one of what was a token.
      if (!details.includes('Target path')) expect(details).not.toContain('c2VjcmV0');
    },
  );

  fuzz(
    'refuses a publish of what is no volume, and mounts nothing',
    tuple(
      hostileText(),
      oneof(hostileText(), constantFrom('/', '/a', '/a/../b/c', `/a/b${'/'.repeat(5000)}`)),
      hostileTextMap(['secretProviderClass', 'csi.storage.k8s.io/pod.namespace']),
    ),
    { inputs: 60, seed: 792 },
    async ([volumeId, targetPath, volumeContext]) => {
      const error = await call('NodePublishVolume', publish({ volumeId, targetPath, volumeContext }));
      expect(error).toBeDefined();
      expect(harness.mounter.mounted.size).toBe(0);
    },
  );

  fuzz(
    'outlives every connection that does not speak HTTP/2',
    mutatedBytes([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1'),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ]),
    { inputs: 40, seed: 793 },
    async (bytes) => {
      await new Promise<void>((resolve) => {
        const socket = connect(socketPath, () => socket.end(bytes));
        socket.on('error', () => resolve()).on('close', () => resolve());
        socket.setTimeout(50, () => socket.destroy());
        socket.resume();
      });
    },
  );

  it('refuses a message beyond its limit, and target paths beyond theirs', async () => {
    expect((await call('NodePublishVolume', Buffer.alloc(5 * 1024 * 1024)))?.code).toBe(RESOURCE_EXHAUSTED);
    const long = `/${'a/'.repeat(1_000_000)}`;
    expect((await call('NodePublishVolume', publish({ targetPath: long })))?.code).toBe(INVALID_ARGUMENT);
    await expectWell();
  });

  it('tells a failure with a text of a megabyte, cut to what a header holds', async () => {
    harness.answer = () => {
      throw new Error('x'.repeat(1_000_000));
    };
    const error: unknown = await harness.publish().catch((thrown: unknown) => thrown);
    expect((error as Error).message).toContain('failed to mount');
    expect((error as Error).message.length).toBeLessThan(5000);
    await expectWell();
  });
});
