// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { createPublicKey } from 'node:crypto';
import { constant, constantFrom, oneof, option, record, uint8Array } from 'fast-check';
import { describe, expect } from 'vitest';
import { Secret } from '#base';
import { fuzz, outcomeOf } from '../../base/testing/fuzz.ts';
import { hostileText, mutatedBytes, mutatedText } from '../../base/testing/hostile.ts';
import { SMALL_PKCS12_FILES } from '../../crypto/testing/pkcs12-files.ts';
import { createFileRenderer } from './object-files.ts';
import { OBJECT_ENCODINGS, OBJECT_FORMATS } from '../parameters/object-spec.ts';
import { objectSpec } from '../testing/index.ts';
import { renderKey } from './key-content.ts';

const number = option(oneof(uint8Array({ maxLength: 70 }), uint8Array({ minLength: 32, maxLength: 32 })), {
  nil: undefined,
});

describe('a key of a vault', () => {
  fuzz(
    'becomes a public key, or is refused, whatever its numbers are',
    record({
      version: constant('v1'),
      keyType: oneof(constantFrom('RSA', 'EC', 'RSA-HSM', 'EC-HSM', 'oct'), hostileText()),
      curve: option(oneof(constantFrom('P-256', 'P-384', 'P-521', 'P-256K'), hostileText()), { nil: undefined }),
      n: number,
      e: number,
      x: number,
      y: number,
    }),
    { inputs: 300, seed: 661 },
    async (key) => {
      const outcome = await outcomeOf(() => renderKey(key), ['world']);
      if (outcome.ok) expect(createPublicKey(outcome.value).type).toBe('public');
    },
  );
});

describe('a secret behind a certificate', () => {
  const MARK = 'hunter2';

  fuzz(
    'becomes files or is refused, without a word of it in the error',
    record({
      value: oneof(
        mutatedBytes(SMALL_PKCS12_FILES).map((bytes) => bytes.toString('base64')),
        mutatedText([`-----BEGIN PRIVATE KEY-----\n${MARK}\n-----END PRIVATE KEY-----\n`, MARK]),
        hostileText(),
      ),
      contentType: option(
        oneof(
          constantFrom('application/x-pkcs12', 'application/x-pem-file', 'APPLICATION/X-PKCS12; a=b', ''),
          hostileText(),
        ),
        { nil: undefined },
      ),
      format: constantFrom(...OBJECT_FORMATS),
      encoding: constantFrom(...OBJECT_ENCODINGS),
      separateFiles: constantFrom(true, false),
      constructPemChain: constantFrom(true, false),
    }),
    { inputs: 300, seed: 662 },
    async ({ value, contentType, constructPemChain, ...fields }) => {
      const render = createFileRenderer({ constructPemChain, writeCertAndKeyInSeparateFiles: false });
      const secret = { type: 'secret', value: new Secret(value), version: 'v', contentType, keyId: 'key' } as const;
      const outcome = await outcomeOf(() => render(secret, objectSpec(fields), 0o644), ['world']);
      if (outcome.ok) {
        expect(outcome.value.map(({ path }) => path)).toEqual(
          fields.separateFiles ? ['one', 'one.crt', 'one.key'] : ['one'],
        );
      } else if (contentType !== MARK) {
        expect(outcome.error.message).not.toContain(MARK);
      }
    },
  );
});
