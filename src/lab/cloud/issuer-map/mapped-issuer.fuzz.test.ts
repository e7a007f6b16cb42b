// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { isAbsolute } from 'node:path';
import { array, tuple } from 'fast-check';
import { describe, expect } from 'vitest';
import { fuzz } from '../../../base/testing/fuzz.ts';
import { textOfPieces } from '../../../base/testing/hostile.ts';
import { isUrl, parseIssuerMap } from './mapped-issuer.ts';

const PIECES = [
  'https://',
  'http://',
  'HTTP://',
  'file:///',
  'issuer.example',
  '127.0.0.1',
  'localhost',
  '[::1]',
  '=',
  '/',
  '//',
  '\\',
  '..',
  ':6443',
  '@',
  '?',
  '#',
  '%00',
  '\0',
  ' ',
  '\n',
  'jwks.json',
];

const texts = array(textOfPieces(PIECES, 8), { maxLength: 4 });

describe('a mapping of issuers', () => {
  fuzz(
    'leads to a file, to https or to this machine, or is refused',
    tuple(texts, texts),
    { inputs: 2000, seed: 7502, examples: [[['https://a=http:///127.0.0.1@evil'], []]] },
    ([maps, authorities]) => {
      const { issuers, issues } = parseIssuerMap({ maps, authorities }, '/folder');
      expect(issuers.length).toBeLessThanOrEqual(maps.length);
      expect(issuers.length + issues.length).toBeGreaterThanOrEqual(maps.length);
      for (const { issuer, from, caFile } of issuers) {
        expect(new URL(issuer).protocol).toBe('https:');
        if (caFile !== undefined) expect(isAbsolute(caFile)).toBe(true);
        if (!isUrl(from)) expect(isAbsolute(from)).toBe(true);
        else if (!from.toLowerCase().startsWith('https:')) {
          expect(new URL(from).hostname).toMatch(/^(?:localhost|127\.[\d.]+|\[::1\])$/);
        }
      }
    },
  );
});
