// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { array, constantFrom, integer, oneof, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { createFakeClock } from '../base/testing/index.ts';
import { expectQuick, fuzz, outcomeOf } from '../base/testing/fuzz.ts';
import { hostileJson, hostileText, mutatedText, textOfPieces } from '../base/testing/hostile.ts';
import { parseKubeconfig } from './config.ts';
import { errorOfStatusBody } from './errors.ts';
import { readJsonLines } from './json-lines.ts';
import { parseManifests } from './manifests.ts';

const clock = createFakeClock();
const SECRET = 'c2VjcmV0LXRva2Vu';
const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: a
contexts:
  - { name: a, context: { cluster: c, user: u, namespace: shop } }
clusters:
  - { name: c, cluster: { server: "https://example.test:6443/", certificate-authority-data: QQ== } }
users:
  - name: u
    user: { token: ${SECRET} }
`;
const EVENT = JSON.stringify({ type: 'ADDED', object: { kind: 'Pod', metadata: { name: 'a', resourceVersion: '1' } } });

describe('a kubeconfig', () => {
  fuzz(
    'is read or refused, and what is refused does not tell its token',
    oneof(
      mutatedText([KUBECONFIG]),
      hostileJson([
        'clusters',
        'contexts',
        'users',
        'name',
        'cluster',
        'user',
        'context',
        'server',
        'token',
        'current-context',
      ]).map((value) => JSON.stringify(value) ?? ''),
      textOfPieces(
        ['clusters:', '\n', '  - ', 'name: ', 'c', '{', '}', '[', ']', '&a ', '*a', '<<: ', '"', ': ', '| \n'],
        20,
      ),
    ),
    { inputs: 70, seed: 651, examples: ['*a', '__proto__: 1', `users: [{token: ${SECRET}`, 'clusters: [*x]'] },
    async (text) => {
      const outcome = await outcomeOf(() => parseKubeconfig(text, { clock, folder: '/nowhere' }));
      if (outcome.ok) expect(typeof outcome.value.server).toBe('string');
      else expect(`${outcome.error.message} ${String(outcome.error.cause)}`).not.toContain(SECRET.slice(0, 8));
    },
  );

  it.each([
    ['a list nested a hundred thousand deep', '['.repeat(100_000)],
    ['a server of slashes', KUBECONFIG.replace('6443/', `6443/${'/'.repeat(1_000_000)}x`)],
    ['ten megabytes', `${KUBECONFIG}#${'x'.repeat(10_000_000)}`],
  ])('of hostile size is read quickly: %s', async (_what, text) => {
    const outcome = await expectQuick(() => outcomeOf(() => parseKubeconfig(text, { clock, folder: '/nowhere' })));
    expect(outcome.ok ? outcome.value.namespace : outcome.error.message).toBeDefined();
  });
});

describe('manifests', () => {
  fuzz(
    'are objects with a name, or are refused with their places',
    oneof(
      mutatedText(['apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\nkind: List\nitems: [{apiVersion: v1}]\n']),
      hostileJson(['apiVersion', 'kind', 'metadata', 'items', 'name'], constantFrom('v1', 'List', 'a')).map(
        (value) => JSON.stringify(value) ?? '',
      ),
    ),
    { inputs: 70, seed: 652, examples: ['a: *x', '1', '"x"', 'kind: List\nitems: [null]'] },
    async (text) => {
      const outcome = await outcomeOf(() => parseManifests(text));
      if (!outcome.ok) return;
      for (const { kind, metadata } of outcome.value) expect(`${kind}${metadata.name}`.length).toBeGreaterThan(1);
    },
  );
});

/** `text` in chunks that end anywhere. */
async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % Math.max(1, sizes.length)] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function linesOf(bytes: Buffer, sizes: readonly number[]): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of readJsonLines(chunksOf(bytes, sizes))) values.push(value);
  return values;
}

const sizes = array(integer({ min: 1, max: 40 }), { maxLength: 6 });

describe('a watch stream', () => {
  fuzz(
    'gives each event once, wherever its chunks end and wherever it breaks off',
    tuple(array(hostileJson(['type', 'object']), { maxLength: 5 }), sizes, integer({ min: 0, max: 30 })),
    { inputs: 70, seed: 653 },
    async ([events, cuts, rest]) => {
      const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
      const broken = `${text}${EVENT.slice(0, rest)}`;
      expect(JSON.stringify(await linesOf(Buffer.from(broken), cuts))).toBe(JSON.stringify(events));
    },
  );

  fuzz(
    'of anything gives values or ends in an error of the world',
    tuple(mutatedText([`${EVENT}\n${EVENT}\n`]), sizes),
    { inputs: 70, seed: 654 },
    async ([text, cuts]) => {
      const outcome = await outcomeOf(() => linesOf(Buffer.from(text), cuts), ['world']);
      if (outcome.ok) expect(Array.isArray(outcome.value)).toBe(true);
    },
  );

  it('without an end of line is given up at its limit, in linear time', async () => {
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (let at = 0; at < 1000; at += 1) yield Buffer.alloc(64 * 1024, 'x');
    };
    const read = async () => {
      for await (const value of readJsonLines(endless())) expect(value).toBeUndefined();
    };
    const outcome = await expectQuick(() => outcomeOf(read, ['world']));
    expect(outcome.ok).toBe(false);
  });

  it('of many small chunks of one line is read in linear time', async () => {
    const long = Buffer.from(`"${'x'.repeat(400_000)}"\n`);
    expect(await expectQuick(() => linesOf(long, [3]))).toHaveLength(1);
  });
});

describe('a Status of the API server', () => {
  fuzz(
    'of any shape becomes an error of ours',
    tuple(
      oneof(constantFrom(400, 404, 409, 410, 500), integer()),
      hostileJson(['reason', 'message', 'code', 'status']),
    ),
    { inputs: 90, seed: 655 },
    ([status, body]) => {
      const error = errorOfStatusBody('getting x', status, body as never);
      expect(error).toBeInstanceOf(KeyferryError);
      expect(typeof error.message).toBe('string');
      expect(typeof error.upstreamCode).toBe('string');
    },
  );

  fuzz('keeps its own text', hostileText(), { inputs: 20, seed: 656 }, (message) => {
    expect(errorOfStatusBody('getting x', 404, { message, reason: 'NotFound' } as never).message).toContain(message);
  });
});
