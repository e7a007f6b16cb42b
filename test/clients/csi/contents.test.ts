import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDisposeStack } from '#base';
import type { ClusterSpec } from '#lab/cloud';
import { issueCertificate, type TestCertificate } from '../../../src/crypto/testing/certificates.ts';
import { openssl } from '../../../src/crypto/testing/openssl.ts';
import { startCloudLab, type CloudLab } from '../../integration/support/cloud-lab.ts';
import { eventually } from '../../support/test-lab.ts';
import { describeWithClients } from '../support/clients.ts';
import { startProviderPair, type PairedAnswers, type ProviderPair } from './provider-pair.ts';

// The same classes to upstream's Azure provider and to ours: equal files, byte for byte, and equal words of failures.
// Where ours means to differ, the table of differences says what it does instead; docs/objects.md tells the person.

const AUDIENCE = 'api://AzureADTokenExchange';
const TOKENS = 'csi.storage.k8s.io/serviceAccount.tokens';
const POD_NAME = 'csi.storage.k8s.io/pod.name';
const POD_NAMESPACE = 'csi.storage.k8s.io/pod.namespace';
const VAULT = 'kv-contents';
const PKCS12 = 'application/x-pkcs12';
const PEM = 'application/x-pem-file';

const stack = createDisposeStack();
let lab: CloudLab;
let spec: ClusterSpec;
let tenantId: string;
let clientId: string;
/** The versions of the secret `many`, the oldest first; the second is disabled. */
const many: string[] = [];
const pairs = new Map<string, ProviderPair>();

/** Calls the vault as its owner. */
async function vault<T>(method: string, path: string, body: object = {}): Promise<T> {
  const answer = await lab.call(method, `https://${VAULT}.vault.azure.net/${path}?api-version=7.4`, body);
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as T;
}

async function makeVault(): Promise<void> {
  const place = '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader';
  const { properties } = await lab.put<{ properties: { clientId: string; principalId: string } }>(place, {
    location: 'eastus',
  });
  ({ clientId } = properties);
  await lab.put(`${place}/federatedIdentityCredentials/fic`, {
    properties: { issuer: spec.issuerUrl, subject: 'system:serviceaccount:team:reader', audiences: [AUDIENCE] },
  });
  const permissions = { keys: ['all'], secrets: ['all'], certificates: ['all'] };
  const accessPolicies = [properties.principalId, lab.cloud.directory.user.objectId].map((objectId) => ({
    tenantId,
    objectId,
    permissions,
  }));
  await lab.put(`/providers/Microsoft.KeyVault/vaults/${VAULT}`, {
    location: 'eastus',
    properties: { tenantId, sku: { family: 'A', name: 'premium' }, accessPolicies },
  });
}

const SECRETS: Readonly<Record<string, object>> = {
  text: { value: 'hello' },
  lines: { value: 'zażółć\n\t"quoted" \u{1F511}\r\nend\n' },
  spaces: { value: '  around  ' },
  big: { value: 'x'.repeat(25_000) },
  base64: { value: Buffer.from([0, 1, 255, 10, 13]).toString('base64') },
  'base64-lines': { value: `${Buffer.alloc(100, 7).toString('base64').replace(/.{64}/g, '$&\r\n')}\n` },
  'base64-tail': { value: 'YWJjZB==' },
  'base64-no-pad': { value: 'YWJjZA' },
  'base64-url': { value: '-_-_' },
  'base64-space': { value: 'YWJj ZGVm' },
  hex: { value: 'DEADbeef00' },
  'hex-odd': { value: 'abc' },
  'hex-line': { value: 'abcd\n' },
  typed: { value: 'AAAA', contentType: PKCS12 },
  expired: { value: 'old', attributes: { exp: 1_000_000_000 } },
  'not-yet': { value: 'new', attributes: { nbf: 4_000_000_000 } },
  off: { value: 'x', attributes: { enabled: false } },
};

const KEYS: Readonly<Record<string, object>> = {
  rsa: { kty: 'RSA' },
  'rsa-hsm': { kty: 'RSA-HSM', key_size: 3072 },
  'p-256': { kty: 'EC', crv: 'P-256' },
  'p-384': { kty: 'EC-HSM', crv: 'P-384' },
  'p-521': { kty: 'EC', crv: 'P-521' },
  'p-256k': { kty: 'EC', crv: 'P-256K' },
};

/** Certificates that the vault makes, by name: the key, and the form of the secret. */
const MADE: Readonly<Record<string, readonly [object, string]>> = {
  'made-rsa-p12': [{ kty: 'RSA', key_size: 2048, exportable: true }, PKCS12],
  'made-ec-p12': [{ kty: 'EC', crv: 'P-521', exportable: true }, PKCS12],
  'made-ec-pem': [{ kty: 'EC', crv: 'P-256', exportable: true }, PEM],
  'made-kept-p12': [{ kty: 'RSA', key_size: 2048, exportable: false }, PKCS12],
};

/** Chains that are imported as PKCS#12 and as PEM: certificates by the first letter of their names, in their order. */
const CHAINS = ['lmr', 'rml', 'lrm', 'lm', 'lr', 'l', 'emr', 'erm'];

async function fillVault(): Promise<void> {
  for (const [name, secret] of Object.entries(SECRETS)) await vault('PUT', `secrets/${name}`, secret);
  for (const value of ['one', 'two', 'three', 'four']) {
    const { id } = await vault<{ id: string }>('PUT', 'secrets/many', { value });
    many.push(id.split('/').at(-1) ?? '');
  }
  await vault('PATCH', `secrets/many/${many[1]}`, { attributes: { enabled: false } });
  for (const [name, key] of Object.entries(KEYS)) await vault('POST', `keys/${name}/create`, key);
  const root = await issueCertificate({ name: 'root' });
  const middle = await issueCertificate({ name: 'middle', issuer: root });
  const leaf = await issueCertificate({ name: 'leaf', issuer: middle, algorithm: 'rsa', isAuthority: false });
  const elliptic = await issueCertificate({ name: 'elliptic', issuer: middle, isAuthority: false });
  const byLetter: Readonly<Record<string, TestCertificate>> = { r: root, m: middle, l: leaf, e: elliptic };
  for (const chain of CHAINS) {
    const certificates = chain
      .split('')
      .map((letter) => byLetter[letter]?.certPem ?? '')
      .join('');
    const key = (chain.startsWith('e') ? elliptic : leaf).keyPem;
    for (const [form, contentType, value] of [
      ['pem', PEM, key + certificates],
      ['p12', PKCS12, oldPkcs12(key, certificates)],
    ]) {
      const policy = { secret_props: { contentType } };
      await vault('POST', `certificates/${form}-${chain}/import`, { value, policy });
    }
  }
  for (const [name, [keyProps, contentType]] of Object.entries(MADE)) {
    const x509 = { subject: 'CN=web', validity_months: 12 };
    const policy = { key_props: keyProps, secret_props: { contentType }, x509_props: x509, issuer: { name: 'Self' } };
    await vault('POST', `certificates/${name}/create`, { policy });
  }
  for (const name of Object.keys(MADE)) {
    await eventually(`certificate ${name}`, async () => {
      const { status } = await vault<{ status: string }>('GET', `certificates/${name}/pending`);
      return status === 'completed' ? { found: true } : { seen: status };
    });
  }
}

/** PKCS#12 as upstream can read it. */
function oldPkcs12(key: string, certificates: string): string {
  const old = ['-legacy', '-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'];
  const args = ['pkcs12', '-export', '-inkey', 'key.pem', '-in', 'all.pem', '-out', 'out.p12', '-passout', 'pass:'];
  const files = { 'key.pem': key, 'all.pem': certificates };
  return openssl([...args, ...old], { files, output: 'out.p12' }).toString('base64');
}

/** What is asked beside the objects, where it is not what a good class says. */
interface Unusual {
  readonly flags?: 'separate' | 'unordered';
  /** Attributes in place of the usual; undefined: none. */
  readonly attributes?: Readonly<Record<string, string | undefined>>;
  readonly secrets?: string;
  readonly permission?: string;
}

/** Asks both for a class whose `objects` are this text. */
async function ask(objects: string, unusual: Unusual = {}): Promise<PairedAnswers> {
  const token = await lab.clusters.sign(spec, { sub: 'system:serviceaccount:team:reader', aud: [AUDIENCE] });
  const usual = {
    [POD_NAME]: 'web',
    [POD_NAMESPACE]: 'team',
    'csi.storage.k8s.io/serviceAccount.name': 'reader',
    [TOKENS]: JSON.stringify({ [AUDIENCE]: { token, expirationTimestamp: '2030-01-01T00:00:00Z' } }),
    keyvaultName: VAULT,
    tenantID: tenantId,
    clientID: clientId,
    objects,
  };
  const pair = pairs.get(unusual.flags ?? '');
  if (pair === undefined) throw new Error('no such flags');
  return pair.ask({
    attributes: JSON.stringify({ ...usual, ...unusual.attributes }),
    secrets: unusual.secrets ?? 'null',
    permission: unusual.permission ?? '420',
  });
}

/** An `objects` text with entries as upstream takes them, each the lines of one. */
function entries(...each: readonly string[]): string {
  return `array:\n${each.map((lines) => `  - |\n${lines.replace(/^/gm, '    ')}\n`).join('')}`;
}

const secret = (name: string, ...lines: readonly string[]) =>
  [`objectName: ${name}`, 'objectType: secret', ...lines].join('\n');
const key = (name: string, ...lines: readonly string[]) =>
  [`objectName: ${name}`, 'objectType: key', ...lines].join('\n');
const certificate = (name: string, ...lines: readonly string[]) =>
  [`objectName: ${name}`, 'objectType: cert', ...lines].join('\n');
const ALL_CERTIFICATES = [...CHAINS.flatMap((chain) => [`pem-${chain}`, `p12-${chain}`]), ...Object.keys(MADE)];
const READ_BY_BOTH = ALL_CERTIFICATES.filter((name) => name !== 'made-kept-p12');
const fileNames = (answer: PairedAnswers['ours']) =>
  'files' in answer ? Object.keys(answer.files).toSorted() : [answer.error];

describeWithClients('upstream’s Azure provider and ours', ['upstream-node'], () => {
  beforeAll(async () => {
    lab = stack.use(await startCloudLab());
    ({ tenantId } = lab.cloud.directory.tenant);
    spec = await lab.makeCluster();
    await makeVault();
    await fillVault();
    pairs.set('', stack.use(await startProviderPair(lab, [])));
    pairs.set('separate', stack.use(await startProviderPair(lab, ['--write-cert-and-key-in-separate-files=true'])));
    pairs.set('unordered', stack.use(await startProviderPair(lab, ['--construct-pem-chain=false'])));
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  describe('write the same files, and tell the same versions', () => {
    /** Both answers where they are not equal, or where upstream writes nothing at all. */
    const differences = async (objects: string, unusual?: Unusual) => {
      const { ours, upstream } = await ask(objects, unusual);
      return 'files' in upstream && isDeepStrictEqual(ours, upstream) ? [] : [{ ours, upstream }];
    };

    it.each(Object.keys(SECRETS).filter((name) => name !== 'off'))('of the secret %s', async (name) => {
      expect(await differences(entries(secret(name)))).toEqual([]);
    });

    it.each([
      ['base64', 'base64'],
      ['base64', 'BASE64'],
      ['base64-lines', 'base64'],
      ['base64-tail', 'base64'],
      ['hex', 'hex'],
      ['lines', 'utf-8'],
      ['text', '""'],
    ])('of the secret %s with the encoding %s', async (name, encoding) => {
      expect(await differences(entries(secret(name, `objectEncoding: ${encoding}`)))).toEqual([]);
    });

    it.each([...Object.keys(KEYS).filter((name) => name !== 'p-256k'), 'p12-lmr', 'pem-erm'])(
      'of the key %s',
      async (name) => {
        expect(await differences(entries(key(name)))).toEqual([]);
      },
    );

    it.each(ALL_CERTIFICATES)('of the certificate %s', async (name) => {
      expect(await differences(entries(certificate(name)))).toEqual([]);
      expect(await differences(entries(certificate(name, 'objectFormat: PFX')))).toEqual([]);
    });

    it.each(
      READ_BY_BOTH.flatMap((name) => [undefined, 'separate', 'unordered'].map((flags) => [name, flags] as const)),
    )('of the secret of the certificate %s, with the flag %s', async (name, flags) => {
      expect(
        await differences(entries(secret(name)), flags === undefined ? {} : { flags: flags as 'separate' }),
      ).toEqual([]);
    });

    it.each(ALL_CERTIFICATES.filter((name) => name.includes('p12')))('of %s as a PKCS#12 file', async (name) => {
      expect(await differences(entries(secret(name, 'objectFormat: pfx')))).toEqual([]);
      expect(await differences(entries(secret(name, 'objectFormat: PFX', 'objectEncoding: base64')))).toEqual([]);
    });

    it.each(['0644', '"0600"', '0440', '600', '0', '""', '~', 'null'])('with the permission %s', async (mode) => {
      expect(await differences(entries(secret('text', `filePermission: ${mode}`)))).toEqual([]);
    });

    it.each(['420', '292', '384', '511'])('with the volume’s permission %s', async (permission) => {
      expect(await differences(entries(secret('text')), { permission })).toEqual([]);
    });

    it.each(['a/b/c.pem', '"a b"', 'ü', '"  padded  "', '""', '~'])('with the alias %s', async (alias) => {
      expect(await differences(entries(secret('text', `objectAlias: ${alias}`)))).toEqual([]);
    });

    it('of the versions that are named', async () => {
      expect(
        await differences(entries(secret('many', `objectVersion: ${many[2]}`), secret('text', 'objectVersion: ~'))),
      ).toEqual([]);
      for (const history of ['0', '1', '-1', '~', '5', '10']) {
        expect(await differences(entries(secret('many', `objectVersionHistory: ${history}`)))).toEqual([]);
      }
      expect(
        await differences(
          entries(secret('many', `objectVersion: ${many[0]}`, 'objectVersionHistory: 5', 'objectAlias: old')),
        ),
      ).toEqual([]);
      expect(
        await differences(entries(certificate('p12-l', 'objectVersion: latest', 'objectVersionHistory: 2'))),
      ).toEqual([]);
    });

    it('of several objects, also of one name', async () => {
      expect(
        await differences(entries(secret('text'), secret('base64', 'objectEncoding: base64'), key('rsa'))),
      ).toEqual([]);
      expect(
        await differences(
          entries(secret('pem-l'), key('pem-l', 'objectAlias: its-key'), certificate('pem-l', 'objectAlias: its-leaf')),
        ),
      ).toEqual([]);
      expect(await differences(entries(secret('text'), secret('text'), secret('text', 'objectAlias: again')))).toEqual(
        [],
      );
    });

    it.each([
      ['a list in brackets', 'array: ["{objectName: text, objectType: secret}"]'],
      ['folded lines', 'array:\n  - >\n    {objectName: text,\n     objectType: secret}'],
      ['an anchor', 'array:\n  - &a |\n    objectName: text\n    objectType: secret\n  - *a'],
      ['line ends of Windows', entries(secret('text')).replaceAll('\n', '\r\n')],
      ['a byte order mark', `\uFEFF${entries(secret('text'))}`],
      ['a line of dashes before it', `---\n${entries(secret('text'))}`],
      ['comments', '# a\narray:\n  # b\n  - |\n    # c\n    objectName: text # d\n    objectType: secret'],
      ['unknown fields', entries(secret('text', 'resource: x'))],
      ['a tag', entries('objectName: !!str text\nobjectType: secret')],
      ['fields of null', entries(secret('text', 'objectVersion: null', 'objectFormat: ~', 'objectEncoding:'))],
    ])('when the objects are written with %s', async (_what, objects) => {
      expect(await differences(objects)).toEqual([]);
    });

    it.each([
      ['blanks around the vault', { keyvaultName: ` ${VAULT} ` }],
      ['a vault in capitals', { keyvaultName: VAULT.toUpperCase() }],
      ['the cloud in small letters', { cloudName: 'azurepubliccloud' }],
      ['the other name of the cloud', { cloudName: 'AzureCloud' }],
      ['a cloud file that no cloud asks for', { cloudEnvFileName: '/none.json' }],
      ['flags as Go writes them', { usePodIdentity: 'F', useVMManagedIdentity: ' false ', useAzureTokenProxy: '0' }],
      ['parameters of old samples', { resourceGroup: 'g', subscriptionId: 's' }],
    ])('with %s', async (_what, attributes) => {
      expect(await differences(entries(secret('text')), { attributes })).toEqual([]);
    });

    it('with the old name of the tenant', async () => {
      expect(await differences(entries(secret('text')), { attributes: { tenantID: undefined, tenantId } })).toEqual([]);
      expect(await differences(entries(secret('text')), { attributes: { tenantId: 'another' } })).toEqual([]);
    });
  });

  describe('fail in the same words', () => {
    const GOOD = entries(secret('text'));

    it.each<[words: string, objects: string, unusual?: Unusual]>([
      ['failed to unmarshal secrets, error: ', GOOD, { secrets: '{' }],
      ['failed to unmarshal secrets, error: ', GOOD, { secrets: '[]' }],
      ['failed to unmarshal file permission, error: ', GOOD, { permission: '"420"' }],
      ['failed to unmarshal file permission, error: ', GOOD, { permission: '0644' }],
      ['pod name is not provided', GOOD, { attributes: { [POD_NAME]: undefined } }],
      ['pod namespace is not provided', GOOD, { attributes: { [POD_NAMESPACE]: undefined } }],
      ['failed to parse usePodIdentity flag', GOOD, { attributes: { usePodIdentity: 'maybe' } }],
      ['failed to parse useVMManagedIdentity flag', GOOD, { attributes: { useVMManagedIdentity: 'yes' } }],
      ['failed to parse useAzureTokenProxy flag', GOOD, { attributes: { useAzureTokenProxy: 'on' } }],
      [
        'only one identity mode can be enabled at a time: usePodIdentity, useVMManagedIdentity',
        GOOD,
        { attributes: { usePodIdentity: 'true', useVMManagedIdentity: 'true' } },
      ],
      ['keyvaultName is not provided', GOOD, { attributes: { keyvaultName: undefined } }],
      ['tenantId is not provided', GOOD, { attributes: { tenantID: undefined } }],
      ['cloudName Mars is not valid', GOOD, { attributes: { cloudName: 'Mars' } }],
      ['cloudName AzureStackCloud is not valid', GOOD, { attributes: { cloudName: 'AzureStackCloud' } }],
      ['Invalid vault name: "ab", must be between 3 and 24 chars', GOOD, { attributes: { keyvaultName: 'ab' } }],
      ['Invalid vault name: "kv_x", must match [-a-zA-Z0-9]{3,24}', GOOD, { attributes: { keyvaultName: 'kv_x' } }],
      ['objects is not set', '', {}],
      [
        'failed to build auth config for mode None: failed to parse workload identity tokens, error: service account tokens not found',
        GOOD,
        { attributes: { [TOKENS]: undefined } },
      ],
      [`token for audience ${AUDIENCE} not found`, GOOD, { attributes: { [TOKENS]: '{"x":{"token":"a"}}' } }],
      [
        'failed to get credentials, nodePublishSecretRef secret is not set',
        GOOD,
        { attributes: { clientID: undefined } },
      ],
      ['could not find clientid in secrets', GOOD, { attributes: { clientID: undefined }, secrets: '{"a":"b"}' }],
      [
        'could not find clientsecret in secrets',
        GOOD,
        { attributes: { clientID: undefined }, secrets: '{"clientid":"b"}' },
      ],
      [
        'failed to build auth config for mode AzureTokenProxy: clientID is required for identity binding',
        GOOD,
        { attributes: { clientID: undefined, useAzureTokenProxy: 'true' } },
      ],
      [
        'failed to parse service account token for identity binding, error: token for audience api://AKSIdentityBinding not found',
        GOOD,
        { attributes: { useAzureTokenProxy: 'true' } },
      ],
      ['AADSTS700016', GOOD, { attributes: { clientID: '00000000-0000-0000-0000-000000000001' } }],
      ['AADSTS90002', GOOD, { attributes: { tenantID: '00000000-0000-0000-0000-000000000000' } }],
      ['failed to yaml unmarshal objects, error: ', 'a: b: c'],
      ['failed to yaml unmarshal objects, error: ', '- x'],
      ['failed to yaml unmarshal objects, error: ', `${GOOD}${GOOD}`],
      ['unmarshal failed for keyVaultObjects at index 1, error: ', entries(secret('text'), 'a: b: c')],
      ['unmarshal failed for keyVaultObjects at index 0, error: ', entries('- x')],
      ['unmarshal failed for keyVaultObjects at index 0, error: ', entries(secret('text', 'objectType: key'))],
      [
        'failed to get objectType:Secret, objectName:text, objectVersion:: Invalid vaultObjectTypes. Should be secret, key, or cert',
        entries('objectName: text\nobjectType: Secret'),
      ],
      ['file name must be a relative path', entries(secret('text', 'objectAlias: /x'))],
      ["file name must not contain '..'", entries(secret('text', 'objectAlias: ../x'))],
      ["file name must not contain '..'", entries(secret('text', 'objectAlias: a..b'))],
      ['PFX format only supported for objectType: secret', entries(key('rsa', 'objectFormat: pfx'))],
      ['invalid objectFormat: der, should be PEM or PFX', entries(secret('text', 'objectFormat: der'))],
      ['objectEncoding only supported for objectType: secret', entries(key('rsa', 'objectEncoding: hex'))],
      ['invalid objectEncoding: utf8, should be hex, base64 or utf-8', entries(secret('text', 'objectEncoding: utf8'))],
      ['failed to get objectType:secret, objectName:absent, objectVersion:: ', entries(secret('absent'))],
      ['SecretNotFound', entries(secret('absent'))],
      ['KeyNotFound', entries(key('absent'))],
      ['CertificateNotFound', entries(certificate('absent'))],
      ['SecretDisabled', entries(secret('off'))],
    ])('%s', async (words, objects, unusual) => {
      const { ours, upstream } = await ask(objects, unusual);
      expect(upstream).toEqual({ error: expect.stringContaining(words) as string });
      expect(ours).toEqual({ error: expect.stringContaining(words) as string });
    });

    it.each([
      ['base64', 'base64-no-pad'],
      ['base64', 'base64-url'],
      ['base64', 'base64-space'],
      ['base64', 'text'],
      ['base64', 'pem-l'],
      ['hex', 'hex-odd'],
      ['hex', 'hex-line'],
      ['hex', 'text'],
    ])('or at least both: what is no %s is not written: %s', async (encoding, name) => {
      const answers = await ask(entries(secret(name, `objectEncoding: ${encoding}`)));
      expect(answers).toEqual({
        ours: { error: expect.any(String) as string },
        upstream: { error: expect.any(String) as string },
      });
    });
  });

  describe('differ where ours means to', () => {
    it('a history has as many files as it says', async () => {
      const { ours, upstream } = await ask(entries(secret('many', 'objectVersionHistory: 2')));
      expect(fileNames(ours)).toEqual(['many/0', 'many/1']);
      expect(fileNames(upstream)).toEqual(['many/0', 'many/1', 'many/2']);
    });

    it('`latest` is the current version without a history too', async () => {
      const { ours, upstream } = await ask(entries(secret('many', 'objectVersion: latest')));
      expect(ours).toMatchObject({ files: { many: '644 four' } });
      expect(upstream).toHaveProperty('error');
    });

    it.each(['p12-lmr', 'made-kept-p12'])('files apart have their content with PKCS#12: %s', async (name) => {
      const { ours, upstream } = await ask(entries(secret(name, 'objectFormat: pfx')), { flags: 'separate' });
      expect(fileNames(ours)).toEqual(fileNames(upstream));
      expect(ours).toMatchObject({
        files: { [`${name}.crt`]: expect.stringContaining('BEGIN CERTIFICATE') as string },
      });
      expect(upstream).toMatchObject({ files: { [`${name}.crt`]: '644 ' } });
    });

    it.each([
      ['a key on P-256K', key('p-256k')],
      ['a certificate whose key stays in the vault', secret('made-kept-p12')],
      ['a history in quotes', secret('many', 'objectVersionHistory: "1"')],
    ])('%s is no failure', async (_what, entry) => {
      const { ours, upstream } = await ask(entries(entry));
      expect(ours).toHaveProperty('files');
      expect(upstream).toHaveProperty('error');
    });

    it('an entry may be a map', async () => {
      const { ours, upstream } = await ask('array:\n  - objectName: text\n    objectType: secret');
      expect(ours).toMatchObject({ files: { text: '644 hello' } });
      expect(upstream).toHaveProperty('error');
    });

    it.each([
      ['no entries', 'array: []'],
      ['another field than array', 'objects: []'],
      [
        'a version with a history that is not enabled',
        entries(secret('many', 'objectVersion: abc', 'objectVersionHistory: 2')),
      ],
      ['two objects in one file', entries(secret('text'), secret('base64', 'objectAlias: text'))],
      ['a permission that is none', entries(secret('text', 'filePermission: 0888'))],
      ['a permission above 0777', entries(secret('text', 'filePermission: 01777'))],
      ['a path that no driver writes', entries(secret('text', 'objectAlias: ./x'))],
      ['a second document', `${entries(secret('text'))}---\n${entries(secret('hex'))}`],
    ])('%s is refused', async (_what, objects) => {
      const { ours, upstream } = await ask(objects);
      expect(upstream).toHaveProperty('files');
      expect(ours).toHaveProperty('error');
    });
  });
});
