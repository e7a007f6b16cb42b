// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { constantFrom, oneof } from 'fast-check';
import { describe, expect } from 'vitest';
import { errorText } from '#base';
import { fuzz } from '../base/testing/fuzz.ts';
import { hostileJson, hostileText, mutatedText } from '../base/testing/hostile.ts';
import { parseMetadataToken, parsePodIdentityToken } from './node-token-answer.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const WEEK_MS = 7 * 86_400_000;
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2ln';
const ANSWER = JSON.stringify({
  access_token: TOKEN,
  expires_in: '86399',
  expires_on: '1767300000',
  token_type: 'Bearer',
});
const POD_ANSWER = `{"token":${ANSWER},"clientid":"c"}`;
const FIELDS = ['access_token', 'expires_in', 'expires_on', 'token', 'clientid'];
const leaves = oneof(hostileText(), constantFrom(TOKEN, '1e400', '-1', 'soon'));

describe('an answer of a token service of the node', () => {
  for (const [who, parse] of Object.entries({ parseMetadataToken, parsePodIdentityToken })) {
    fuzz(
      `is a token with an end that is near, or an error that does not tell it (${who})`,
      oneof(
        mutatedText([ANSWER, POD_ANSWER]),
        hostileJson(FIELDS, leaves).map((value) => JSON.stringify(value) ?? ''),
        hostileText(),
      ),
      {
        inputs: 120,
        seed: 661,
        examples: [ANSWER, POD_ANSWER, TOKEN, `"${TOKEN}"`, '{"access_token":"x","expires_on":1e308}'],
      },
      (body) => {
        let error = '';
        try {
          const { token, expiresAtMs } = parse(body, NOW_MS);
          expect(token.expose()).not.toBe('');
          expect(expiresAtMs).toBeGreaterThan(0);
          expect(expiresAtMs).toBeLessThanOrEqual(NOW_MS + WEEK_MS);
        } catch (thrown) {
          error = errorText(thrown);
        }
        expect(error).not.toContain('eyJ');
      },
    );
  }
});
