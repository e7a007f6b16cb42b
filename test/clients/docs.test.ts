import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '#lab/session';
import { CLIENTS } from './install/clients.ts';
import { findClient } from './support/clients.ts';

describe('docs/clients.md', () => {
  const page = readFileSync(join(packageRoot(), 'docs', 'clients.md'), 'utf8');

  it.for(CLIENTS.map(({ name }) => ({ name, installed: findClient(name) })))(
    'names the version that $name tells of itself',
    ({ installed }, { skip }) => {
      const told = 'version' in installed ? installed.version : skip(installed.skipped);
      const versions = told.replace(/^\w+: /, '').split(', ');
      expect(versions.filter((version) => !page.includes(version))).toEqual([]);
    },
  );

  it.each(['@azure/identity', '@azure/keyvault-secrets', '@kubernetes/client-node'])(
    "names the project's own version of %s",
    (library) => {
      const manifest = join(packageRoot(), 'node_modules', library, 'package.json');
      const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string };
      expect(page).toContain(`${library} ${version}`);
    },
  );
});
