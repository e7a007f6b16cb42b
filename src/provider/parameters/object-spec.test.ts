import { assert, constantFrom, pre, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Issue } from '#base';
import type { MisspeltField } from './object-fields.ts';
import { filePathIssue } from './object-path.ts';
import { parseObjects } from './object-spec.ts';

function parse(text: string) {
  const issues: Issue[] = [];
  const objects = parseObjects(text, issues);
  return { objects, issues };
}

/** One entry from its fields, in the form that upstream asks for: a YAML text in a list. */
const entry = (fields: string) => `array:\n  - |\n${fields.replace(/^/gm, '    ')}\n`;
const YAML_CHARACTERS = Array.from('array: -|\n[]{}"&*!objectName1');
const SECRET = 'objectName: one\nobjectType: secret\n';

describe('objects', () => {
  it('are read from texts in the list, as upstream asks', () => {
    expect(parse(entry(SECRET))).toEqual({
      issues: [],
      objects: [
        {
          at: 'spec.parameters.objects[0]',
          line: 2,
          type: 'secret',
          name: 'one',
          vault: undefined,
          path: 'one',
          version: undefined,
          versionChoice: 'current',
          versionHistory: 0,
          optional: false,
          selection: undefined,
          json: undefined,
          format: 'pem',
          encoding: 'utf-8',
          separateFiles: undefined,
          mode: undefined,
        },
      ],
    });
  });

  it('are read from maps in the list as well', () => {
    const { objects, issues } = parse(
      'array:\n  - objectName: one\n    objectType: secret\n  - {objectName: two, objectType: cert}\n',
    );
    expect(issues).toEqual([]);
    expect(objects.map(({ name, type }) => [name, type])).toEqual([
      ['one', 'secret'],
      ['two', 'cert'],
    ]);
  });

  it.each(['PFX', 'Pfx'])("of a certificate may say %s, which upstream's check does not know", (spelling) => {
    const { objects, issues } = parse(entry(`objectName: one\nobjectType: cert\nobjectFormat: ${spelling}`));
    expect(issues).toEqual([]);
    expect(objects).toMatchObject([{ type: 'cert', format: 'pem' }]);
  });

  it.each([
    ['objectVersion: 12345678901234567890123456789012', { version: '12345678901234567890123456789012' }],
    ['objectVersion: 1e5', { version: '1e5' }],
    ['objectVersion: latest', { version: undefined }],
    ['objectVersion: ""', { version: undefined }],
    ['objectVersion:', { version: undefined }],
    ['objectAlias: true', { path: 'true' }],
    ['objectAlias: null', { path: 'null' }],
    ['objectAlias: ~', { path: 'one' }],
    ['objectAlias: "~"', { path: '~' }],
    ['objectVersion: null', { version: undefined }],
    ['objectVersion: ~', { version: undefined }],
    ['objectFormat: Null', { format: 'pem' }],
    ['filePermission: NULL', { mode: undefined }],
    ['objectVersionHistory: ~', { versionHistory: 0 }],
    ['objectVersionHistory: -1', { versionHistory: -1 }],
    ['objectAlias: folder/file.txt', { path: 'folder/file.txt' }],
    ['objectAlias: "  spaced  "', { path: 'spaced' }],
    ['filePermission: 0400', { mode: 0o400 }],
    ['filePermission: "0644"', { mode: 0o644 }],
    ['filePermission: 0o600', { mode: 0o600 }],
    ['filePermission: 777', { mode: 0o777 }],
    ['objectEncoding: BASE64', { encoding: 'base64' }],
    ['objectEncoding: hex', { encoding: 'hex' }],
    ['objectFormat: PFX', { format: 'pfx' }],
    ['objectVersionHistory: 5', { versionHistory: 5 }],
    ['objectVersion: latest-enabled', { version: undefined, versionChoice: 'enabled' }],
    ['objectVersion: latest-valid', { version: undefined, versionChoice: 'valid' }],
    ['optional: true', { optional: true }],
    ['optional: 1', { optional: true }],
    ['optional: F', { optional: false }],
    ['optional:', { optional: false }],
    ['writeCertAndKeyInSeparateFiles: T', { separateFiles: true }],
    ['writeCertAndKeyInSeparateFiles: false', { separateFiles: false }],
    ['writeCertAndKeyInSeparateFiles:', { separateFiles: undefined }],
    ['keyvaultName: KV-Two', { vault: 'kv-two' }],
    ['jsonPath: $.db.password', { json: { field: 'jsonPath', path: '$.db.password', steps: ['db', 'password'] } }],
    ['jsonFiles: true', { json: { field: 'jsonFiles', files: 'all' } }],
    ['jsonFiles: false', { json: undefined }],
    [
      'jsonFiles:\n  user: $.login.name\n  pass/word: $[0]',
      {
        json: {
          field: 'jsonFiles',
          files: [
            { name: 'user', path: '$.login.name', steps: ['login', 'name'] },
            { name: 'pass/word', path: '$[0]', steps: [0] },
          ],
        },
      },
    ],
    ['somethingElse: is ignored', {}],
  ])('keep the text of "%s"', (line, expected) => {
    const { objects, issues } = parse(entry(SECRET + line));
    expect(issues).toEqual([]);
    expect(objects[0]).toMatchObject(expected);
  });

  it.each([
    ['objectType: secret', 'objectName', 'objectName is not provided'],
    ['objectName: a_b\nobjectType: secret', 'objectName', 'is not valid'],
    ['objectName: one', 'objectType', 'Invalid vaultObjectTypes. Should be secret, key, or cert'],
    ['objectName: one\nobjectType: Secret', 'objectType', 'Invalid vaultObjectTypes'],
    [`${SECRET}objectAlias: /etc/passwd`, 'objectAlias', 'file name must be a relative path'],
    [`${SECRET}objectAlias: ../x`, 'objectAlias', "file name must not contain '..'"],
    [`${SECRET}objectAlias: a..b`, 'objectAlias', "file name must not contain '..'"],
    [`${SECRET}objectAlias: a//b`, 'objectAlias', 'must not contain empty parts'],
    [`${SECRET}objectAlias: ${'é'.repeat(128)}`, 'objectAlias', 'file name is too long: at most 255 bytes a part'],
    [`${SECRET}objectAlias: ${'ü/'.repeat(1400)}a`, 'objectAlias', 'file name is too long'],
    [`${SECRET}objectAlias: ${'x/'.repeat(2100)}a`, 'objectAlias', 'file name is too long'],
    [`${SECRET}objectAlias: 'a\\b'`, 'objectAlias', 'must not contain a backslash or a zero byte'],
    [`objectNam: one\nobjectType: secret`, 'objectName', '"objectNam": did you mean objectName?'],
    [`${SECRET}objectVersion: ../other`, 'objectVersion', 'is not valid'],
    [`${SECRET}objectVersion: v1?x=y`, 'objectVersion', 'is not valid'],
    [`${SECRET}filePermission: 0800`, 'filePermission', 'is not valid'],
    [`${SECRET}filePermission: "-1"`, 'filePermission', 'is not valid'],
    [`${SECRET}filePermission: 07777`, 'filePermission', 'is not valid'],
    [`${SECRET}filePermission: rw-r--r--`, 'filePermission', 'is not valid'],
    [`${SECRET}objectFormat: der`, 'objectFormat', 'invalid objectFormat: der, should be PEM or PFX'],
    [
      'objectName: one\nobjectType: cert\nobjectFormat: pfx',
      'objectFormat',
      'PFX format only supported for objectType: secret',
    ],
    [`${SECRET}objectEncoding: utf8`, 'objectEncoding', 'invalid objectEncoding: utf8'],
    [
      'objectName: one\nobjectType: key\nobjectEncoding: hex',
      'objectEncoding',
      'only supported for objectType: secret',
    ],
    [`${SECRET}objectVersionHistory: two`, 'objectVersionHistory', 'is not a whole number'],
    [`${SECRET}objectVersionHistory: '-'`, 'objectVersionHistory', 'is not a whole number'],
    [`${SECRET}objectAlias: [a]`, 'objectAlias', 'expected a text'],
    [`${SECRET}optional: yes`, 'optional', 'failed to parse optional flag: "yes" is neither true nor false'],
    [
      'objectName: one\nobjectType: cert\nwriteCertAndKeyInSeparateFiles: true',
      'writeCertAndKeyInSeparateFiles',
      'writeCertAndKeyInSeparateFiles only supported for objectType: secret',
    ],
    [`${SECRET}keyvaultName: kv.two`, 'keyvaultName', 'Invalid vault name: "kv.two", must match [-a-zA-Z0-9]{3,24}'],
    [`${SECRET}keyvaultName: kv`, 'keyvaultName', 'Invalid vault name: "kv"'],
    [`${SECRET}objectNamePattern: web-*`, 'objectName', 'does not go with objectNamePattern'],
    ['objectType: secret\nobjectNamePattern: "^web.*$"', 'objectNamePattern', 'letters, digits, dashes and * alone'],
    ['objectType: secret\nobjectTags: web', 'objectTags', 'expected 1 to 100 lines like "name: value"'],
    ['objectType: secret\nobjectTags: {a: [b]}', 'objectTags', 'expected 1 to 100 lines'],
    ['objectType: secret\nobjectTags: [a]', 'objectTags', 'expected 1 to 100 lines'],
    ['objectType: secret\nobjectNamePattern: "*"\nobjectVersion: v1', 'objectVersion', 'a version of one object'],
    ['objectType: secret\nobjectNamePattern: "*"\nobjectAlias: ../$(name)', 'objectAlias', "must not contain '..'"],
    [`${SECRET}includeCertificates: true`, 'includeCertificates', 'goes with objectNamePattern or objectTags only'],
    [`${SECRET}jsonPath: password`, 'jsonPath', 'begins with $, for example $.password'],
    [`${SECRET}jsonPath: $.a\njsonFiles: true`, 'jsonFiles', 'use one of them'],
    [`${SECRET}jsonFiles: {../a: $.a}`, 'jsonFiles', "file name must not contain '..'"],
    [`${SECRET}jsonFiles: {a: a}`, 'jsonFiles', 'the path begins with $'],
    ['objectName: one\nobjectType: key\njsonPath: $.a', 'jsonPath', 'only supported for objectType: secret'],
  ])('refuse %j', (fields, field, text) => {
    const { objects, issues } = parse(`array:\n  - ${JSON.stringify(SECRET)}\n  - ${JSON.stringify(fields)}\n`);
    expect(issues).toHaveLength(1);
    expect(issues[0]?.path).toBe(`spec.parameters.objects[1].${field}`);
    expect(issues[0]?.message).toContain(text);
    expect(objects).toHaveLength(1);
  });

  // The cases of upstream's TestValidateNoInvisibleCharacters.
  it.each([
    ['objectName', 'one\u200b', 'invisible character Zero Width Space (U+200B) at position 3'],
    ['objectName', 'o\u200cne', 'invisible character Zero Width Non-Joiner (U+200C) at position 1'],
    ['objectType', 'sec\u200dret', 'invisible character Zero Width Joiner (U+200D) at position 3'],
    ['objectAlias', '\ufeffalias', 'invisible character Zero Width No-Break Space/BOM (U+FEFF) at position 0'],
    ['filePermission', '0644\u2060', 'invisible character Word Joiner (U+2060) at position 4'],
    ['objectAlias', 'secret\u200e1', 'invisible format character (U+200E) at position 6'],
    ['objectAlias', '测试\u200e', 'invisible format character (U+200E) at position 6'],
  ])('refuse what nobody sees: %s %j', (field, value, what) => {
    const fields = { objectName: 'one', objectType: 'secret', [field]: value };
    expect(parse(JSON.stringify({ array: [fields] })).issues).toEqual([
      {
        path: `spec.parameters.objects[0].${field}`,
        line: 1,
        message: `field ${field} contains ${what}: delete it, or type the value anew`,
      },
    ]);
  });

  it('take soft hyphens and letters of every script in a file name', () => {
    const fields = { objectName: 'one', objectType: 'secret', objectAlias: 'secret-测试\u00ad1' };
    expect(parse(JSON.stringify({ array: [fields] })).issues).toEqual([]);
  });

  it.each([
    ['- objectName: one', 'failed to yaml unmarshal objects'],
    ['array: one', 'failed to yaml unmarshal objects'],
    ['array: []', 'at least one entry'],
    ['array:\n', 'at least one entry'],
    ['array: [', 'failed to yaml unmarshal objects, error: '],
    ['arry: []', 'expected a map with the key array, not "arry"'],
    ['array:\n  - [one]', 'unmarshal failed for keyVaultObjects at index 0'],
    ['array:\n  - just words', 'unmarshal failed for keyVaultObjects at index 0'],
  ])('refuse the text %j', (text, message) => {
    const { objects, issues } = parse(text);
    expect(objects).toEqual([]);
    expect(issues.map((issue) => issue.message).join()).toContain(message);
  });

  it('that select several have no name of their own', () => {
    const { objects, issues } = parse(
      entry('objectType: cert\nobjectNamePattern: web-*\nobjectTags:\n  app: web\n  tier: "1"\nobjectAlias: certs/'),
    );
    expect(issues).toEqual([]);
    expect(objects[0]).toMatchObject({
      name: 'web-*',
      path: 'certs/',
      selection: { pattern: 'web-*', tags: { app: 'web', tier: '1' }, includeCertificates: false },
    });
    expect(parse(entry('objectType: key\nobjectTags: {app: web}')).objects[0]).toMatchObject({
      path: '',
      selection: { pattern: '*', tags: { app: 'web' } },
    });
  });

  it.each([
    ['objectAlia: two', 'objectAlia', 'objectAlias'],
    ['ObjectAlias: two', 'ObjectAlias', 'objectAlias'],
    ['objectversion: v1', 'objectversion', 'objectVersion'],
    ['optionl: true', 'optionl', 'optional'],
    ['jsonpath: $.a', 'jsonpath', 'jsonPath'],
  ])('tell of "%s", which is ignored and looks like a known field', (line, field, meant) => {
    const ignored: MisspeltField[] = [];
    expect(parseObjects(entry(SECRET + line), [], ignored)).toHaveLength(1);
    expect(ignored).toEqual([{ at: 'spec.parameters.objects[0]', line: 5, field, meant }]);
  });

  it.each(['team: web', 'comment: for the shop', 'x: y'])('say nothing of "%s", which is somebody else\'s', (line) => {
    const ignored: MisspeltField[] = [];
    parseObjects(entry(SECRET + line), [], ignored);
    expect(ignored).toEqual([]);
  });

  it('tell of some slips only where there is no end of them', () => {
    const ignored: MisspeltField[] = [];
    const slips = Array.from({ length: 40 }, (_, index) => `objectNam${index}: x`).join(', ');
    const text = `array:\n${`- {objectName: one, ${slips}}\n`.repeat(300)}`;
    parseObjects(text, [], ignored);
    expect(new Set(ignored.map(({ at }) => at)).size).toBeLessThanOrEqual(200);
    expect(ignored.filter(({ at }) => at.endsWith('[0]')).length).toBeLessThanOrEqual(20);
  });

  it('say all that is wrong with an entry in upstream words, with its place', () => {
    const { issues } = parse(entry('objectName: one\nobjectType: password\nobjectVersion: v1\nfilePermission: abc'));
    expect(issues).toEqual([
      {
        path: 'spec.parameters.objects[0].objectType',
        line: 4,
        message:
          'failed to get objectType:password, objectName:one, objectVersion:v1: Invalid vaultObjectTypes. Should be secret, key, or cert, not "password"',
      },
      {
        path: 'spec.parameters.objects[0].filePermission',
        line: 6,
        message: 'filePermission "abc" is not valid: octal digits from 0000 to 0777',
      },
    ]);
  });

  it('answer objects or issues for any text, and never throw', () => {
    assert(
      property(string({ unit: constantFrom(...YAML_CHARACTERS) }), (text) => {
        const { objects, issues } = parse(text);
        expect(objects.length > 0 || issues.length > 0).toBe(true);
      }),
    );
  });
});

it('a file path that is taken stays below the volume', () => {
  assert(
    property(string({ unit: constantFrom('.', '/', 'a', '-', '\\', '\0') }), (path) => {
      pre(filePathIssue(path) === undefined);
      const url = new URL(path, 'file:///volume/');
      expect(url.pathname).toBe(`/volume/${path}`);
    }),
    { numRuns: 500 },
  );
});
