// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { oneof } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzz } from '../../../base/testing/fuzz.ts';
import { hostileText, mutatedBytes, mutatedText } from '../../../base/testing/hostile.ts';
import { AzureError } from '../rest/azure-error.ts';
import { readContent } from './certificate-content.ts';
import { parsePrivateJwk } from './key-material.ts';
import { createVaultScene } from './testing/vault-scene.ts';

/** What a certificate of the vault is as a secret, in both forms. */
async function samples(): Promise<{ pfx: string; pem: string }> {
  const scene = createVaultScene();
  const secretOf = async (contentType: string) => {
    const policy = {
      issuer: { name: 'Self' },
      key_props: { kty: 'EC' },
      secret_props: { contentType },
      x509_props: { subject: 'CN=a' },
    };
    await scene.send('POST', '/certificates/c/create', { body: { policy } });
    return (await scene.send('GET', '/secrets/c')).body.value as string;
  };
  return { pfx: await secretOf('application/x-pkcs12'), pem: await secretOf('application/x-pem-file') };
}

const { pfx, pem } = await samples();

/** A certificate, or a refusal that is the client's. */
async function expectReadOrRefused(work: Promise<unknown>): Promise<void> {
  const outcome = await work.catch((error: unknown) => error);
  if (outcome instanceof Error)
    expect([outcome.constructor, (outcome as AzureError).status]).toEqual([AzureError, 400]);
}

describe('an imported certificate', () => {
  const read = (value: string) => readContent({ value, password: '', contentType: undefined, keepOrder: false });

  it('is read as it was written', async () => {
    expect((await read(pfx)).chain).toHaveLength(1);
    expect((await read(pem)).chain).toHaveLength(1);
  });

  fuzz(
    'is read or refused, whatever the bytes',
    mutatedBytes([Buffer.from(pfx, 'base64')]),
    { inputs: 60, seed: 741 },
    (bytes) => expectReadOrRefused(read(bytes.toString('base64'))),
  );

  fuzz(
    'is read or refused, whatever the text',
    oneof(mutatedText([pem]), hostileText(200)),
    { inputs: 60, seed: 742 },
    (text) => expectReadOrRefused(read(text)),
  );
});

describe('an imported key', () => {
  fuzz(
    'is read or refused, whatever its numbers',
    mutatedText(['{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","d":"AAAA"}', '{"kty":"RSA","n":"AAAA","e":"AQAB"}']),
    { inputs: 60, seed: 743 },
    async (text) => {
      let jwk: unknown;
      try {
        jwk = JSON.parse(text);
      } catch {
        return;
      }
      if (typeof jwk === 'object' && jwk !== null) {
        await expectReadOrRefused(parsePrivateJwk(jwk as Readonly<Record<string, unknown>>));
      }
    },
  );
});
