import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf, type Client } from './client.ts';
import { createVenv, pythonWithVenv } from './python.ts';

const requirements = readFileSync(new URL('../sdk/python/requirements.txt', import.meta.url), 'utf8').trim();
const packages = requirements.split('\n');

/** azure-identity and azure-keyvault-secrets from PyPI, in a virtual environment of their own. */
export const azureSdkPython: Client = {
  name: 'azure-sdk-python',
  summary: `${packages.join(', ')} (PyPI; some 20 seconds)`,
  inputs: packages,
  missing: pythonWithVenv,
  install: (folder, run) => createVenv(folder, packages, run),
  programs: { python: 'bin/python' },
  async version(folder) {
    const names = packages.map((pinned) => pinned.split('==')[0] ?? pinned);
    const program = `import sys; from importlib.metadata import version; print(', '.join(f'{n} {version(n)}' for n in sys.argv[1:]))`;
    return `Python: ${await outputOf(join(folder, 'bin', 'python'), ['-c', program, ...names])}`;
  },
};
