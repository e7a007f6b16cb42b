import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KeyferryError } from '#base';

/** The folder of Keyferry's package: where `bin`, `dist`, `deploy` and `examples` are, from sources or from the bundle. */
export function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'bin', 'keyferry'))) return folder;
  }
  throw new KeyferryError('internal', 'the package folder of keyferry was not found');
}

/** The executable that starts any of Keyferry's processes. */
export function executable(): string {
  return join(packageRoot(), 'bin', 'keyferry');
}
