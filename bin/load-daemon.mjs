// Loads the bundle of a long-running process from a classic script, with the code cache that the build made beside it:
// V8 then has the functions that every start and every first call need without parsing and compiling them. A module's code
// cannot be cached so on Node 20.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

/**
 * Runs a bundle, and answers its exports and its script. V8 takes a cache only when it was made by the same version, under the
 * same flags, from a source of the same length, and compiles everything as always when not (`script.cachedDataRejected`): the
 * build makes script and cache together, and deletes both before.
 */
export function loadDaemon(file) {
  // Set first, because the cache is bound to the flags. V8's space for new objects stays at its first size, 2 MiB, where it
  // would grow to 32 under load and stay so: on a node that is a third of the process's memory for garbage that waits to be
  // collected. And the heap is collected once it has grown by 30 percent, where V8 would let it grow to several times of what
  // lives: after 2,000 publishes 97 MiB are resident instead of 145, for 0.25 ms of processor time a publish.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=30');
  // The bundler writes ASCII alone: as Latin-1 the text takes one byte a character, and no decoding.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`;
  const script = new Script(source, { filename: file, cachedData: cacheOf(file) });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
  return { exports: module.exports, script };
}

function cacheOf(file) {
  try {
    return readFileSync(`${file}.cache`);
  } catch {
    return undefined;
  }
}
