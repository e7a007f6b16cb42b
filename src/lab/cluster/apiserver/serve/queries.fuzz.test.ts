// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { array, constantFrom, integer, oneof, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectQuick, fuzz } from '../../../../base/testing/fuzz.ts';
import { hostileText, mutatedBytes, mutatedText, textOfPieces } from '../../../../base/testing/hostile.ts';
import { evaluateJsonPath, parseJsonPath } from '../kinds/json-path.ts';
import { parseContinueToken, renderContinueToken } from '../operations/continue-token.ts';
import { decodeProtobuf } from '../protobuf/decode.ts';
import { parseFieldSelector } from '../selectors/field-selector.ts';
import { matchesLabels, parseLabelSelector, renderLabelSelector } from '../selectors/label-selector.ts';
import { refused } from '../testing/refused.ts';
import { parseListOptions } from './list-options.ts';
import { chooseRepresentation, parseAccept } from './negotiate.ts';
import { parseRequestInfo } from './parse-request.ts';
import { parsePorts } from './port-forward.ts';

describe('label selectors', () => {
  const pieces = [
    'app',
    '=',
    '==',
    '!=',
    '!',
    ' in ',
    ' notin ',
    '(',
    ')',
    ',',
    'a.b/c',
    '1',
    ' ',
    '__proto__',
    'constructor',
  ];
  fuzz(
    'are read or refused, and are the same when they are written and read again',
    oneof(textOfPieces(pieces), mutatedText(['app=web,tier in (a,b),!gone,x notin (y)'])),
    { inputs: 340, seed: 701, examples: ['__proto__', 'constructor=a'] },
    async (text) => {
      const parsed = await refused(() => parseLabelSelector(text));
      if (parsed === undefined) return;
      const again = parseLabelSelector(renderLabelSelector(parsed));
      const labels = { app: 'web', tier: 'a' };
      expect(matchesLabels(again, labels)).toBe(matchesLabels(parsed, labels));
    },
  );

  it.each([
    ['a megabyte of one key', 'a'.repeat(1_000_000)],
    ['a key that ends wrong', `${'a-'.repeat(500_000)}!`],
    ['brackets', '('.repeat(1_000_000)],
    ['blanks', `a${' '.repeat(1_000_000)}b`],
    ['blanks before in', `a${' '.repeat(1_000_000)}in${' '.repeat(1_000_000)}(`],
    ['a hundred thousand requirements', 'a=b,'.repeat(100_000)],
  ])('are read in linear time: %s', async (_what, text) => {
    await expectQuick(() => refused(() => parseLabelSelector(text)));
    const parsed = await expectQuick(() => refused(() => parseFieldSelector(text, ['a'])));
    expect(parsed?.length ?? 0).toBeLessThanOrEqual(100_000);
  });
});

describe('field selectors', () => {
  fuzz(
    'name only what can be selected by',
    textOfPieces(['metadata.name', 'status.phase', '=', '==', '!=', ',', ' ', 'a', '__proto__', '\\']),
    { inputs: 340, seed: 702 },
    async (text) => {
      for (const { field } of (await refused(() => parseFieldSelector(text, ['status.phase']))) ?? []) {
        expect(['metadata.name', 'metadata.namespace', 'status.phase']).toContain(field);
      }
    },
  );
});

describe('continue tokens', () => {
  const token = renderContinueToken({ revision: 7, after: 'default/a' });
  fuzz(
    'are read or refused',
    oneof(
      mutatedText([token]),
      mutatedText([Buffer.from(token, 'base64url').toString()]).map((text) => Buffer.from(text).toString('base64url')),
    ),
    { inputs: 340, seed: 703 },
    async (text) => {
      const position = await refused(() => parseContinueToken(text));
      if (position !== undefined) expect(typeof position.after).toBe('string');
    },
  );

  fuzz(
    'lead to where they were given out',
    tuple(integer({ min: 0 }), hostileText()),
    { inputs: 70, seed: 704 },
    ([revision, after]) => {
      const wellFormed = Buffer.from(after).toString();
      expect(parseContinueToken(renderContinueToken({ revision, after: wellFormed }))).toEqual({
        revision,
        after: wellFormed,
      });
    },
  );
});

describe('the query and the headers of a request', () => {
  const NAMES = [
    'limit',
    'continue',
    'resourceVersion',
    'resourceVersionMatch',
    'sendInitialEvents',
    'timeoutSeconds',
    'watch',
  ];
  const value = oneof(
    hostileText(10),
    constantFrom('1', '0', '-1', 'true', 'Exact', 'NotOlderThan', '1e9', '99999999999999999999'),
  );
  fuzz(
    'of a list or a watch are options or refused',
    array(tuple(constantFrom(...NAMES), value), { maxLength: 6 }),
    { inputs: 340, seed: 705 },
    async (pairs) => {
      for (const verb of ['list', 'watch'] as const) {
        const options = await refused(() => parseListOptions(new URLSearchParams(pairs), verb));
        if (options === undefined) continue;
        expect(options.limit).toBeGreaterThanOrEqual(0);
        expect(Number.isSafeInteger(options.timeoutSeconds)).toBe(true);
      }
    },
  );

  fuzz(
    'choose how a list is shown, or nothing',
    oneof(
      textOfPieces([
        'application/json',
        'text/plain',
        '*/*',
        ';',
        'as=',
        'Table',
        'g=meta.k8s.io',
        'v=v1',
        ',',
        'q=0.9',
        '=',
      ]),
    ),
    { inputs: 340, seed: 706 },
    (header) => {
      expect([undefined, 'object', 'table', 'partial', 'partial-list']).toContain(
        chooseRepresentation(parseAccept(header)),
      );
    },
  );

  fuzz(
    'name a resource, or a path',
    tuple(
      constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'BREW'),
      textOfPieces(
        [
          '/',
          'api',
          'apis',
          'v1',
          'apps',
          'namespaces',
          'default',
          'pods',
          'status',
          '%2f',
          '%',
          '..',
          '?watch=1',
          '#',
        ],
        10,
      ),
    ),
    { inputs: 340, seed: 707 },
    ([method, path]) => {
      if (!URL.canParse(`/${path}`, 'https://localhost')) return;
      const info = parseRequestInfo(method, new URL(`/${path}`, 'https://localhost'));
      expect(info.type === 'path' || info.type === 'resource').toBe(true);
    },
  );

  fuzz(
    'of port-forward are ports or refused',
    textOfPieces(['80', ',', '0', '65535', '65536', '-1', '1e3', ' ', '０']),
    { inputs: 120, seed: 708 },
    async (text) => {
      for (const port of (await refused(() => parsePorts(new URLSearchParams({ ports: text })))) ?? []) {
        expect(port).toBeGreaterThan(0);
        expect(port).toBeLessThan(65_536);
      }
    },
  );
});

describe('paths of printer columns', () => {
  fuzz(
    'lead to values that are there, or to nothing',
    oneof(
      textOfPieces([
        '.a',
        '.b',
        "['a.b']",
        '[0]',
        '[*]',
        '.*',
        '[?(@.type=="x")]',
        '\\.',
        '{',
        '}',
        '[',
        '..',
        '.__proto__',
        '.constructor',
      ]),
    ),
    { inputs: 340, seed: 709, examples: ['.constructor.name', '.__proto__.a'] },
    (text) => {
      const root = { a: { b: [1, { type: 'x' }] }, 'a.b': 2 };
      for (const found of evaluateJsonPath(parseJsonPath(text), root)) expect(typeof found).not.toBe('function');
    },
  );

  it('are read in linear time', async () => {
    for (const text of [
      "['".repeat(100_000),
      `['${'\\a'.repeat(100_000)}`,
      `.${'a/'.repeat(100_000)}!`,
      '[?(@.'.repeat(50_000),
    ]) {
      expect(Array.isArray(await expectQuick(() => parseJsonPath(text)))).toBe(true);
    }
  });
});

describe('protobuf bodies', () => {
  const field = (number: number, bytes: Uint8Array) => {
    const size: number[] = [];
    for (let left = bytes.length; ; left >>= 7) {
      if (left < 0x80) {
        size.push(left);
        break;
      }
      size.push((left & 0x7f) | 0x80);
    }
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...size]), bytes]);
  };
  const envelope = (apiVersion: string, kind: string, raw: Uint8Array) =>
    Buffer.concat([
      Buffer.from('k8s\0'),
      field(1, Buffer.concat([field(1, Buffer.from(apiVersion)), field(2, Buffer.from(kind))])),
      field(2, raw),
    ]);
  const metadata = field(
    1,
    Buffer.concat([
      field(1, Buffer.from('name')),
      field(11, Buffer.concat([field(1, Buffer.from('a')), field(2, Buffer.from('b'))])),
    ]),
  );
  const samples = [
    envelope('v1', 'Event', metadata),
    envelope(
      'v1',
      'ConfigMap',
      Buffer.concat([
        metadata,
        field(2, Buffer.concat([field(1, Buffer.from('__proto__')), field(2, Buffer.from('x'))])),
      ]),
    ),
    envelope('v1', 'Pod', Buffer.concat([metadata, field(2, field(2, field(1, Buffer.from('c'))))])),
    envelope(
      'coordination.k8s.io/v1',
      'Lease',
      Buffer.concat([metadata, field(2, field(4, Buffer.from([8, 255, 255, 255, 255, 255, 255, 255, 255, 127])))]),
    ),
    envelope(
      'v1',
      'Namespace',
      field(1, field(17, Buffer.concat([field(1, Buffer.from('m')), field(7, field(1, Buffer.from('{"f:a":')))]))),
    ),
    envelope('authentication.k8s.io/v1', 'TokenReview', metadata),
  ];

  fuzz(
    'are objects or refused',
    mutatedBytes(samples),
    { inputs: 460, seed: 710, examples: samples },
    async (bytes) => {
      const object = await refused(() => decodeProtobuf(bytes));
      if (object !== undefined) expect(typeof object['kind']).toBe('string');
    },
  );

  it('of many equal fields are read in linear time', async () => {
    const many = Buffer.concat([Buffer.from('k8s\0'), Buffer.alloc(600_000, Buffer.from([0x0a, 0x00]))]);
    await expectQuick(() => refused(() => decodeProtobuf(many)));
    const labels = envelope('v1', 'ConfigMap', Buffer.alloc(1_000_000, Buffer.from([0x12, 0x00])));
    expect(await expectQuick(() => refused(() => decodeProtobuf(labels)))).toBeDefined();
  });

  it('that claim to be nested without end are refused', async () => {
    const deep = Array.from({ length: 10_000 }).reduce<Buffer>(
      (inner) => field(1, inner).subarray(0, 100_000),
      Buffer.alloc(0),
    );
    await expectQuick(() => refused(() => decodeProtobuf(envelope('v1', 'Pod', deep))));
    expect(deep.length).toBeGreaterThan(1000);
  });
});
