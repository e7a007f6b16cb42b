// Installs the clients of `npm run test:clients` into a cache folder and says what it has and what it skips.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, lockCache } from './cache.ts';
import type { Installed } from './client.ts';
import { CLIENTS } from './clients.ts';
import { installClient } from './install-client.ts';
import { signalOfProcess } from './process-signal.ts';

/** Two at a time: installers wait for the network and for one core in turn. */
const AT_ONCE = 2;

const cache = cacheFolder();
mkdirSync(cache, { recursive: true });
using _lock = await lockCache(cache, () => console.error(`waiting for another installation into ${cache}`));
// Ctrl-C ends the steps that run too: nothing goes on filling the folder of a client that the next run begins anew.
const signal = signalOfProcess();

const results = new Map<string, Installed>();
const waiting = [...CLIENTS];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let client = waiting.shift(); client !== undefined && !signal.aborted; client = waiting.shift()) {
      results.set(client.name, await installClient(client, cache, signal));
    }
  }),
);
if (!signal.aborted) {
  for (const { name } of CLIENTS) {
    const result = results.get(name);
    if (result !== undefined) console.log('skipped' in result ? `SKIPPED ${name}: ${result.skipped}` : result.version);
  }
  const list = join(cache, 'clients.json');
  writeFileSync(`${list}.new`, JSON.stringify(Object.fromEntries(results), null, 2));
  renameSync(`${list}.new`, list);
}
