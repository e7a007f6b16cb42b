import { createPrivateKey } from 'node:crypto';
import { assert, constantFrom, property, shuffledSubarray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderChain } from './certificate-chain.ts';
import { issueCertificate, type TestCertificate } from './testing/certificates.ts';

async function makeChain({ keyIdentifiers }: { keyIdentifiers: boolean }) {
  const root = await issueCertificate({ name: 'root', keyIdentifiers });
  const upper = await issueCertificate({ name: 'upper', issuer: root, keyIdentifiers });
  const lower = await issueCertificate({ name: 'lower', issuer: upper, keyIdentifiers });
  const leaf = await issueCertificate({ name: 'leaf', issuer: lower, keyIdentifiers, isAuthority: false });
  return { root, upper, lower, leaf };
}

function namesInOrder(certificates: readonly TestCertificate[], leaf?: TestCertificate): string[] | undefined {
  const ordered = orderChain(
    certificates.map(({ der }) => der),
    leaf && createPrivateKey(leaf.keyPem),
  );
  return ordered?.map((der) => certificates.find((certificate) => certificate.der.equals(der))?.name ?? '?');
}

const withIds = await makeChain({ keyIdentifiers: true });
const withoutIds = await makeChain({ keyIdentifiers: false });

describe('a chain of certificates', () => {
  it.each([
    ['with key identifiers', withIds],
    ['without key identifiers', withoutIds],
  ])('%s is leaf, intermediates, root, however it came', (_how, { root, upper, lower, leaf }) => {
    for (const given of [
      [root, upper, lower, leaf],
      [leaf, lower, upper, root],
      [upper, leaf, root, lower],
      [lower, root, leaf, upper],
    ]) {
      expect(namesInOrder(given)).toEqual(['leaf', 'lower', 'upper', 'root']);
      expect(namesInOrder(given, leaf)).toEqual(['leaf', 'lower', 'upper', 'root']);
    }
  });

  it('is all or nothing: unbroken and in order whatever came in whatever order, or none', () => {
    const { root, upper, lower, leaf } = withIds;
    const IN_ORDER = [leaf, lower, upper, root];
    const given = shuffledSubarray([...IN_ORDER, leaf, root, withoutIds.lower], { minLength: 1 });
    assert(
      property(given, constantFrom(undefined, leaf), (certificates, key) => {
        const places = [...new Set(certificates)].map((each) => IN_ORDER.indexOf(each)).toSorted((a, b) => a - b);
        const isUnbroken = places.every((place, index) => place === (places[0] ?? 0) + index && place >= 0);
        const expected = isUnbroken || places.length === 1 ? [...new Set(certificates)] : undefined;
        const names = expected?.toSorted((a, b) => IN_ORDER.indexOf(a) - IN_ORDER.indexOf(b)).map(({ name }) => name);
        expect(namesInOrder(certificates, key)).toEqual(names);
      }),
    );
  });

  it('without its root is in order as far as it goes', () => {
    const { upper, lower, leaf } = withIds;
    expect(namesInOrder([upper, lower, leaf])).toEqual(['leaf', 'lower', 'upper']);
  });

  it('with a leaf that has no identifiers is in order (upstream’s 1257)', async () => {
    const { root, upper } = withIds;
    const leaf = await issueCertificate({ name: 'leaf', issuer: upper, keyIdentifiers: false });
    expect(namesInOrder([root, upper, leaf])).toEqual(['leaf', 'upper', 'root']);
  });

  it('has each certificate once', () => {
    const { root, upper, lower, leaf } = withIds;
    expect(namesInOrder([leaf, root, leaf, lower, upper, root])).toEqual(['leaf', 'lower', 'upper', 'root']);
  });

  it.each([
    ['an intermediate is missing', [withIds.root, withIds.lower, withIds.leaf]],
    [
      'one has nothing to do with the leaf',
      [withIds.root, withIds.upper, withIds.lower, withIds.leaf, withoutIds.root],
    ],
    ['there are two leaves', [withIds.leaf, withoutIds.leaf]],
  ])('is none where %s', (_why, given) => {
    expect(namesInOrder(given)).toBeUndefined();
    expect(namesInOrder(given, withIds.leaf)).toBeUndefined();
  });

  it('that is told by names alone is none: another root of the same name has not signed it', async () => {
    const impostor = await issueCertificate({ name: 'root' });
    expect(namesInOrder([impostor, withIds.upper])).toBeUndefined();
  });

  it('may be one certificate that signed itself', () => {
    expect(namesInOrder([withIds.root])).toEqual(['root']);
    expect(namesInOrder([withIds.root], withIds.root)).toEqual(['root']);
  });

  it('begins with the certificate of the key where names leave it open', async () => {
    const one = await issueCertificate({ name: 'one' });
    const two = await issueCertificate({ name: 'two' });
    const oneByTwo = await issueCertificate({ name: 'one', issuer: two, keys: one.keys });
    const twoByOne = await issueCertificate({ name: 'two', issuer: one, keys: two.keys });
    expect(namesInOrder([twoByOne, oneByTwo])).toBeUndefined();
    expect(orderChain([twoByOne.der, oneByTwo.der], createPrivateKey(one.keyPem))).toEqual([
      oneByTwo.der,
      twoByOne.der,
    ]);
  });

  it('keeps both ways up where an authority is cross-signed', async () => {
    const { root, upper, lower, leaf } = withIds;
    const newer = await issueCertificate({ name: 'newer root' });
    const crossed = {
      ...(await issueCertificate({ name: 'upper', issuer: newer, keys: upper.keys })),
      name: 'crossed',
    };
    expect(namesInOrder([newer, root, crossed, upper, lower, leaf])).toEqual([
      'leaf',
      'lower',
      'crossed',
      'upper',
      'newer root',
      'root',
    ]);
  });

  it('puts an authority that others vouch for before its self-signed twin', async () => {
    const { root, upper } = withIds;
    const newer = await issueCertificate({ name: 'newer root' });
    const crossed = { ...(await issueCertificate({ name: 'root', issuer: newer, keys: root.keys })), name: 'crossed' };
    expect(namesInOrder([root, newer, crossed, upper])).toEqual(['upper', 'crossed', 'root', 'newer root']);
  });

  it.each(['rsa', 'ed25519'] as const)('of %s keys is ordered as any other', async (algorithm) => {
    const root = await issueCertificate({ name: 'root', algorithm });
    const leaf = await issueCertificate({ name: 'leaf', issuer: root, algorithm });
    expect(namesInOrder([root, leaf], leaf)).toEqual(['leaf', 'root']);
  });

  it('is none where a certificate cannot be read, or there is none', () => {
    expect(orderChain([withIds.root.der, Buffer.from('no certificate')])).toBeUndefined();
    expect(orderChain([])).toBeUndefined();
  });
});
