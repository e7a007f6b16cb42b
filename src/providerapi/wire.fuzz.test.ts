// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { constantFrom, oneof, record, string, array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { expectQuick, fuzz, outcomeOf } from '../base/testing/fuzz.ts';
import { hostileJson, hostileText, hostileTextMap, mutatedBytes, mutatedText } from '../base/testing/hostile.ts';
import { MountRequest, MountResponse } from '../gen/v1alpha1/provider.ts';
import { renderAttributes, TOKENS_ATTRIBUTE } from './provider.ts';
import { fromMountRequest, fromMountResponse, toMountRequest } from './wire.ts';

const { signal } = new AbortController();
const VALUE = 'hunter2-9f31';

const REQUEST = MountRequest.encode({
  attributes: JSON.stringify({ keyvaultName: 'kv', [TOKENS_ATTRIBUTE]: VALUE }),
  secrets: JSON.stringify({ clientsecret: VALUE }),
  targetPath: '/target',
  permission: '420',
  currentObjectVersion: [{ id: 'secret/one', version: '1' }],
}).finish();

const RESPONSE = MountResponse.encode({
  objectVersion: [{ id: 'secret/one', version: '1' }],
  error: undefined,
  files: [{ path: 'one', mode: 0o644, contents: Buffer.from(VALUE) }],
}).finish();

/** What protobuf bytes that are broken may be refused with; @grpc/grpc-js turns it into a status of its own. */
function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    expect((error as Error).message).toMatch(/invalid|premature|can.?t|index out of range|illegal|outside of safe/i);
    return undefined;
  }
}

describe('a Mount request', () => {
  fuzz('of any bytes is read or refused', mutatedBytes([REQUEST]), { inputs: 230, seed: 631 }, async (bytes) => {
    const request = decoded(() => MountRequest.decode(bytes));
    if (request === undefined) return;
    const outcome = await outcomeOf(() => fromMountRequest(request, signal));
    if (!outcome.ok) {
      expect(outcome.error.message).not.toContain(VALUE);
      return;
    }
    const { attributes, permission } = outcome.value;
    expect(Object.values(attributes).every((value) => typeof value === 'string')).toBe(true);
    expect(permission).toBeLessThanOrEqual(0o777);
  });

  fuzz(
    'of any JSON is read or refused, and what is refused is not told',
    record({
      attributes: oneof(
        hostileJson().map((value) => JSON.stringify(value) ?? ''),
        mutatedText([`{"a":"${VALUE}"}`]),
      ),
      secrets: mutatedText([`{"clientsecret":"${VALUE}"}`, 'null', '']),
      permission: oneof(hostileText(6), constantFrom('420', '0644', '-1', '1e2', '0x1ff', '511', '512')),
      targetPath: hostileText(),
      currentObjectVersion: array(record({ id: hostileText(6), version: string() }), { maxLength: 3 }),
    }),
    { inputs: 140, seed: 632 },
    async (request) => {
      const outcome = await outcomeOf(() => fromMountRequest(request, signal));
      if (!outcome.ok) expect(outcome.error.message).not.toContain(VALUE);
    },
  );

  fuzz(
    'comes over the wire as it was, and is logged without its tokens',
    hostileTextMap([TOKENS_ATTRIBUTE, 'keyvaultName']),
    { inputs: 90, seed: 633 },
    (attributes) => {
      const sent = toMountRequest({
        attributes,
        secrets: new Secret(attributes),
        targetPath: '/t',
        permission: 0o400,
        currentVersions: new Map(),
        signal,
      });
      const read = fromMountRequest(MountRequest.decode(MountRequest.encode(sent).finish()), signal);
      expect(Object.entries(read.attributes)).toEqual(Object.entries(attributes));
      expect(Object.entries(read.secrets.expose())).toEqual(Object.entries(attributes));
      if (Object.hasOwn(attributes, TOKENS_ATTRIBUTE)) {
        expect(renderAttributes(attributes)[TOKENS_ATTRIBUTE]).toBe('***stripped***');
      }
    },
  );

  it('with JSON that is nested a million deep is refused quickly', async () => {
    const request = { ...MountRequest.create({}), attributes: '{"a":'.repeat(700_000) };
    expect((await expectQuick(() => outcomeOf(() => fromMountRequest(request, signal)))).ok).toBe(false);
    const closed = { ...MountRequest.create({}), attributes: `{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}` };
    expect((await expectQuick(() => outcomeOf(() => fromMountRequest(closed, signal)))).ok).toBe(false);
  });
});

describe("a provider's answer", () => {
  fuzz('of any bytes is read or refused', mutatedBytes([RESPONSE]), { inputs: 230, seed: 634 }, async (bytes) => {
    const response = decoded(() => MountResponse.decode(bytes));
    if (response === undefined) return;
    const outcome = await outcomeOf(() => fromMountResponse(response), ['world', 'input']);
    // Damaged bytes may make a path or a version of what was the content; what is content never shows.
    if (outcome.ok) expect(JSON.stringify(outcome.value.files.map(({ contents }) => contents))).not.toContain(VALUE);
    else expect(outcome.error.message).not.toContain(VALUE);
  });
});
