// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { constantFrom, oneof, tuple } from 'fast-check';
import { describe, expect } from 'vitest';
import { KeyferryError, Secret } from '#base';
import { fuzz } from '../base/testing/fuzz.ts';
import { hostileText, mutatedText } from '../base/testing/hostile.ts';
import { issueCertificate } from '../crypto/testing/certificates.ts';
import { readClientCertificate } from './client-certificate.ts';

const { certPem, keyPem } = await issueCertificate({ name: 'leaf', algorithm: 'rsa' });
const whole = `${certPem}${keyPem}`;
const keyLines = keyPem.split('\n').filter((line) => line.length > 40);

describe('a client certificate', () => {
  fuzz(
    'is read, or refused without a line of the key, whatever is in the Secret',
    tuple(
      oneof(mutatedText([whole, certPem, keyPem]), hostileText(), constantFrom('-----BEGIN ', `${keyPem}${keyPem}`)),
      constantFrom(undefined, '', 'the password'),
    ),
    {
      inputs: 100,
      seed: 662,
      examples: [
        [whole, undefined],
        ['MIIK', undefined],
      ],
    },
    async ([text, password]) => {
      const given = {
        certificate: new Secret(text),
        password: password === undefined ? undefined : new Secret(password),
      };
      const result: unknown = await readClientCertificate(given, Date.UTC(2030, 0, 1)).catch((error: unknown) => error);
      if (typeof result === 'string') return;
      expect(result).toBeInstanceOf(KeyferryError);
      expect((result as KeyferryError).kind).toBe('world');
      const told = `${String(result)} ${(result as KeyferryError).hint}`;
      for (const line of keyLines) expect(told).not.toContain(line);
      expect(told).not.toContain('the password');
    },
  );
});
