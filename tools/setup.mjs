// Prepares a clone: installs the locked dependencies when they are missing or stale and, with --build, builds dist/.
// Needs nothing but Node and npm.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

const root = dirname(import.meta.dirname);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`keyferry needs Node 20.19 or newer; this is ${process.versions.node}`);
  process.exit(1);
}

const stamp = join(root, 'node_modules', '.keyferry-lock');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.error('installing the locked dependencies (once; about a minute)');
  // Not `npm ci`: it refuses a lock file that lacks other systems' optional binaries, which not every registry carries.
  const npm = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (npm.status !== 0) {
    console.error('npm install failed: see above. Is the npm registry reached?');
    process.exit(npm.status ?? 1);
  }
  writeFileSync(stamp, lock);
}

if (process.argv.includes('--build')) {
  const build = spawnSync(process.execPath, [join(root, 'tools', 'build.mjs')], { cwd: root, stdio: ['ignore', 2, 2] });
  if (build.status !== 0) process.exit(build.status ?? 1);
}
