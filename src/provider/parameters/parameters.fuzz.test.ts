// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { constantFrom, oneof, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret, type Issue } from '#base';
import { expectQuick, fuzz } from '../../base/testing/fuzz.ts';
import { hostileJson, hostileText, hostileTextMap, mutatedText, textOfPieces } from '../../base/testing/hostile.ts';
import { plannedClashes } from '../objects/fetch-plan.ts';
import { TOKEN_EXCHANGE_AUDIENCE } from './identity.ts';
import { filePathIssue } from './object-path.ts';
import { selectedPath } from '../objects/select-objects.ts';
import { OBJECT_TYPES, parseObjects, type ObjectSpec } from './object-spec.ts';
import { parseParameters } from './parameters.ts';

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl';
const TOKENS = JSON.stringify({
  [TOKEN_EXCHANGE_AUDIENCE]: { token: TOKEN, expirationTimestamp: '2026-01-01T00:00:00Z' },
});
const CLIENT_SECRET = 'the-client-secret-7d1f';

const OBJECTS = [
  'array:\n  - |\n    objectName: one\n    objectType: secret\n',
  'array:\n  - {objectName: one, objectType: secret, objectAlias: a/b, filePermission: 0400}\n',
  '{"array": [{"objectName": "one", "objectType": "secret", "objectVersionHistory": 3}]}',
  'array:\n  - {objectType: secret, objectNamePattern: web-*, objectTags: {app: web}, objectAlias: $(name).txt, optional: 1}\n',
  'array:\n  - objectName: one\n    objectType: secret\n    keyvaultName: two\n    jsonFiles: {a: $.a, b: "$[0]"}\n',
  'array:\n  - &a\n    objectName: one\n    objectType: secret\n  - <<: *a\n    objectAlias: two\n',
];

const YAML_PIECES = [
  'array:',
  '\n',
  '  ',
  '- ',
  '|',
  '>',
  '&a ',
  '*a',
  '<<: ',
  '!!str ',
  '!!binary ',
  '? ',
  ': ',
  '---\n',
  '...\n',
  '# ',
  '{',
  '}',
  '[',
  ']',
  ',',
  '"',
  "'",
  '%YAML 1.1\n',
  '\t',
  'objectName: one\n',
  'objectType: secret\n',
  'objectAlias: ',
];

const WHOLE = {
  'csi.storage.k8s.io/pod.name': 'pod',
  'csi.storage.k8s.io/pod.namespace': 'default',
  'csi.storage.k8s.io/serviceAccount.name': 'sa',
  'csi.storage.k8s.io/serviceAccount.tokens': TOKENS,
  keyvaultName: 'kv-one',
  tenantID: '11111111-1111-1111-1111-111111111111',
  clientID: '22222222-2222-2222-2222-222222222222',
  objects: OBJECTS[0] as string,
};

const NAMES = [...Object.keys(WHOLE), 'cloudName', 'usePodIdentity', 'useVMManagedIdentity', 'tenantId'];

function read(text: string): { readonly specs: readonly ObjectSpec[]; readonly issues: readonly Issue[] } {
  const issues: Issue[] = [];
  return { specs: parseObjects(text, issues), issues };
}

/** What must hold of every entry that was taken, whatever the text was. */
function checkSpec(spec: ObjectSpec): void {
  expect(OBJECT_TYPES).toContain(spec.type);
  expect(spec.name).toMatch(spec.selection === undefined ? /^[0-9a-zA-Z-]{1,127}$/ : /^[0-9a-zA-Z*-]{1,127}$/);
  const path = spec.selection === undefined ? spec.path : selectedPath(spec.path, 'name');
  expect(filePathIssue(path)).toBeUndefined();
  expect(spec.vault ?? 'abc').toMatch(/^[-a-z0-9]{3,24}$/);
  if (spec.json?.field === 'jsonFiles' && spec.json.files !== 'all') {
    for (const file of spec.json.files) expect(filePathIssue(file.name)).toBeUndefined();
  }
  expect(spec.mode ?? 0).toBeLessThanOrEqual(0o777);
  expect(spec.versionHistory).toBeLessThanOrEqual(9999);
}

describe('the objects of a class', () => {
  fuzz(
    'are read or refused with a place, whatever the text is',
    oneof(mutatedText(OBJECTS), textOfPieces(YAML_PIECES, 24), hostileText(200)),
    {
      inputs: 600,
      seed: 601,
      examples: ['array:\n- __proto__: {objectName: one, objectType: secret}', '*a', '&a [*a]'],
    },
    (text) => {
      const { specs, issues } = read(text);
      specs.forEach(checkSpec);
      if (issues.length === 0) expect(specs.length).toBeGreaterThan(0);
      for (const issue of issues) expect(issue.path).toMatch(/^spec\.parameters\.objects/);
    },
  );

  fuzz(
    'never plan two files of one path',
    tuple(hostileText(12), hostileText(12), constantFrom('one', 'two', 'ONE'), constantFrom('secret', 'key')),
    { inputs: 50, seed: 602 },
    ([first, second, name, type]) => {
      const entries = [first, second].map((objectAlias) => ({ objectName: name, objectType: type, objectAlias }));
      const { specs } = read(JSON.stringify({ array: entries }));
      if (plannedClashes(specs).length > 0) return;
      const paths = specs.map((spec) => spec.path);
      for (const path of paths) for (const other of paths) expect(other.startsWith(`${path}/`)).toBe(false);
    },
  );

  it.each([
    ['aliases that grow tenfold a level', billionLaughs(12)],
    ['a list nested a hundred thousand deep', '['.repeat(100_000)],
    ['maps nested fifty thousand deep', '{a: '.repeat(50_000)],
    ['lists in block style nested five thousand deep', nestedBlocks(5000)],
    ['ten megabytes of one line', 'a'.repeat(10_000_000)],
    ['ten megabytes of entries', `array:\n${'- {objectName: one, objectType: secret}\n'.repeat(250_000)}`],
    ['a hundred aliases of a long entry', `array: [&a "objectName: one${' '.repeat(900_000)}"${', *a'.repeat(100)}]`],
    [
      'a megabyte of spaces in an alias',
      `array: [{objectName: one, objectType: secret, objectAlias: "a${' '.repeat(1_000_000)}b"}]`,
    ],
    [
      'a megabyte of slashes in an alias',
      `array: [{objectName: one, objectType: secret, objectAlias: "${'a/'.repeat(500_000)}"}]`,
    ],
  ])('are refused quickly: %s', async (_what, text) => {
    const { specs, issues } = await expectQuick(() => read(text));
    expect(specs).toEqual([]);
    expect(issues.length).toBeGreaterThan(0);
  });
});

function billionLaughs(levels: number): string {
  const lines = Array.from({ length: levels }, (_, at) => `l${at + 1}: &l${at + 1} [${`*l${at},`.repeat(10)}]`);
  return `l0: &l0 lol\n${lines.join('\n')}\narray: *l${levels}\n`;
}

function nestedBlocks(levels: number): string {
  return `array:\n${Array.from({ length: levels }, (_, at) => `${' '.repeat(at)}-\n`).join('')}`;
}

describe('the parameters of a mount', () => {
  fuzz(
    'are whole or refused, and what is refused is told without a token or a client secret',
    tuple(
      hostileTextMap(NAMES, oneof(hostileText(), constantFrom(...Object.values(WHOLE), 'true', TOKENS))),
      hostileTextMap(['clientid', 'clientsecret', 'CLIENTSECRET'], constantFrom(CLIENT_SECRET, '', ' ')),
      constantFrom(true, false),
    ),
    { inputs: 70, seed: 603 },
    ([attributes, secrets, overlaid]) => {
      const given = overlaid ? { ...WHOLE, ...attributes } : attributes;
      const parsed = parseParameters({
        attributes: given,
        secrets: new Secret(secrets),
        defaultCloudName: 'AzurePublicCloud',
        tokenProxy: { url: 'https://proxy.test', serverName: undefined, caFile: '/ca.crt' },
        serviceAccount: undefined,
      });
      if (parsed.ok) {
        expect(parsed.parameters.keyvaultName).toMatch(/^[-A-Za-z0-9]{3,24}$/);
        expect(parsed.parameters.tenantId).toMatch(/^[-.A-Za-z0-9]{1,255}$/);
        return;
      }
      const told = JSON.stringify(parsed.issues);
      expect(parsed.issues.length).toBeGreaterThan(0);
      expect(told).not.toContain(CLIENT_SECRET);
    },
  );

  fuzz(
    'have tokens of any JSON, and never tell a token',
    oneof(
      mutatedText([TOKENS]),
      hostileJson([TOKEN_EXCHANGE_AUDIENCE, 'token']).map((value) => JSON.stringify(value)),
    ),
    { inputs: 90, seed: 604, examples: ['{"__proto__":{"api://AzureADTokenExchange":{"token":"x"}}}', 'null', '[]'] },
    (tokens) => {
      const parsed = parseParameters({
        attributes: { ...WHOLE, 'csi.storage.k8s.io/serviceAccount.tokens': tokens },
        secrets: new Secret({}),
        defaultCloudName: 'AzurePublicCloud',
        tokenProxy: { url: 'https://proxy.test', serverName: undefined, caFile: '/ca.crt' },
        serviceAccount: undefined,
      });
      if (parsed.ok) expect(parsed.parameters.identity.mode).toBe('workload-identity');
      else expect(JSON.stringify(parsed.issues)).not.toContain('c2VjcmV0');
    },
  );
});
