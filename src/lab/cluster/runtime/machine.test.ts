import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inspectMachine } from './machine.ts';

it('takes programs that a container can see, also when the PATH names others first', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-path-'));
  try {
    for (const name of ['setpriv', 'mount']) writeFileSync(join(folder, name), '#!/bin/sh\n', { mode: 0o755 });
    const { programs } = await inspectMachine(`${folder}:${process.env['PATH']}`);
    expect([programs.setpriv, programs.mount].filter((path) => path.startsWith(folder))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
