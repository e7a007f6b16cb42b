import { join } from 'node:path';
import { outputOf, type RunStep } from './programs.ts';

/** What this machine lacks for a Python client, or nothing: Python 3.10 or newer with its venv module. */
export async function pythonWithVenv(): Promise<string | undefined> {
  try {
    await outputOf('python3', ['-c', 'import sys, venv, ensurepip; assert sys.version_info >= (3, 10)']);
    return undefined;
  } catch {
    return 'no python3 3.10 or newer with the venv module on the PATH';
  }
}

/** Makes a virtual environment in the folder and installs the packages (`name==version`) into it. */
export async function createVenv(folder: string, packages: readonly string[], run: RunStep): Promise<void> {
  await run('python3', ['-m', 'venv', folder]);
  await run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--disable-pip-version-check', ...packages]);
}
