import { join } from 'node:path';
import type { Client } from './client.ts';
import { outputOf } from './programs.ts';
import { createVenv, pythonWithVenv } from './python.ts';

const VERSION = '2.91.0';

/** The Azure CLI from PyPI, in a virtual environment of its own. */
export const az: Client = {
  name: 'az',
  summary: `az ${VERSION} (PyPI; about a minute, 730 MB)`,
  inputs: [VERSION],
  missing: pythonWithVenv,
  install: (folder, run) => createVenv(folder, [`azure-cli==${VERSION}`], run),
  programs: { az: 'bin/az' },
  async version(folder) {
    const versions = JSON.parse(await outputOf(join(folder, 'bin', 'az'), ['version'])) as Record<string, string>;
    return `azure-cli ${versions['azure-cli']}`;
  },
};
