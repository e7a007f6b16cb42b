import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from './client.ts';
import { outputOf } from './programs.ts';
import { createVenv, pythonWithVenv } from './python.ts';

/** Python libraries that a requirements.txt pins (`name==version`, a line each), in a virtual environment of their own. */
function pythonLibraries(name: string, requirements: URL): Client {
  const packages = readFileSync(requirements, 'utf8').trim().split('\n');
  return {
    name,
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
}

/** azure-identity and azure-keyvault-secrets, for ../sdk. */
export const azureSdkPython = pythonLibraries(
  'azure-sdk-python',
  new URL('../sdk/python/requirements.txt', import.meta.url),
);

/** The Kubernetes client, for ../kubernetes. */
export const kubernetesPython = pythonLibraries(
  'kubernetes-python',
  new URL('../kubernetes/python/requirements.txt', import.meta.url),
);

/** The library of ../pkcs12/python, which writes PKCS#12 files. */
export const pkcs12Python = pythonLibraries(
  'pkcs12-python',
  new URL('../pkcs12/python/requirements.txt', import.meta.url),
);
