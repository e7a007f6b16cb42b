// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneof } from 'fast-check';
import { afterAll, describe, expect } from 'vitest';
import { fuzz } from '../../base/testing/fuzz.ts';
import { hostileJson, mutatedText } from '../../base/testing/hostile.ts';
import { readEndpoint, stateFolder } from './state-folder.ts';

const folder = stateFolder(mkdtempSync(join(tmpdir(), 'keyferry-fuzz-state-')));
afterAll(() => rmSync(folder.root, { recursive: true, force: true }));

describe('the endpoint file of a lab', () => {
  fuzz(
    'names a port and a token, or no lab',
    oneof(
      mutatedText(['{"port":4000,"token":"t"}\n']),
      hostileJson(['port', 'token']).map((value) => JSON.stringify(value) ?? ''),
    ),
    { inputs: 30, seed: 781, examples: ['', '{', 'null', '{"port":70000,"token":"t"}', '{"port":-1,"token":"t"}'] },
    async (text) => {
      writeFileSync(folder.endpointFile, text);
      const endpoint = await readEndpoint(folder);
      if (endpoint === undefined) return;
      expect(endpoint.port).toBeGreaterThan(0);
      expect(endpoint.port).toBeLessThan(65_536);
      expect(typeof endpoint.token.expose()).toBe('string');
    },
  );
});
