import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { KeyferryError } from '#base';

/** Which `az` a lab's commands find: the real one, the stand-in, or (`auto`) the real one where there is one. */
export const AZ_CHOICES = ['auto', 'real', 'builtin'] as const;

/** One of {@link AZ_CHOICES}. */
export type AzChoice = (typeof AZ_CHOICES)[number];

/** Whether the stand-in is put on the PATH. Throws `failed-precondition` when the real az is asked for and is not there. */
export function wantsBuiltinAz(choice: AzChoice, path: string | undefined): boolean {
  if (choice === 'builtin') return true;
  const real = findProgram('az', path);
  if (real === undefined && choice === 'real') {
    throw new KeyferryError('failed-precondition', 'there is no az on the PATH', {
      hint: 'Install the Azure CLI, or use the stand-in with --az builtin.',
    });
  }
  return real === undefined;
}

/** The first executable file called `name` on a PATH. */
export function findProgram(name: string, path: string | undefined): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
