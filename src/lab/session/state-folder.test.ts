import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readEndpoint, stateFolder } from './state-folder.ts';

const scratch = mkdtempSync(join(tmpdir(), 'keyferry-state-'));
afterAll(() => rmSync(scratch, { recursive: true }));

it.each(['', '\0\0\0', '{"port":1', '{"port":"1"}', 'null'])(
  'an endpoint file that holds %j names no lab',
  async (text) => {
    const folder = stateFolder(scratch);
    writeFileSync(folder.endpointFile, text);
    expect(await readEndpoint(folder)).toBeUndefined();
  },
);
