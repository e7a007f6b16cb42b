import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, type SuiteFactory } from 'vitest';
import { cacheFolder } from '../install/cache.ts';
import type { Installed } from '../install/client.ts';

/** A client that is on this machine. */
export type InstalledClient = Extract<Installed, { readonly version: string }>;

/** What the installer found or made: client name → folder and version, or why it is not there. */
function installedClients(): Readonly<Record<string, Installed>> {
  try {
    return JSON.parse(readFileSync(join(cacheFolder(), 'clients.json'), 'utf8')) as Record<string, Installed>;
  } catch {
    return {};
  }
}

/** The client, or why it is not there. */
export function findClient(name: string): Installed {
  return installedClients()[name] ?? { skipped: 'not installed: npm run setup:clients' };
}

/** The client, for the hooks and tests of a suite made by {@link describeWithClients}. Throws when it is not there. */
export function useClient(name: string): InstalledClient {
  const client = findClient(name);
  if ('skipped' in client) throw new Error(`${name}: ${client.skipped}`);
  return client;
}

/**
 * A suite that needs clients: named with their versions, or skipped as a whole with the reason in its name. The body
 * itself runs either way (vitest collects the tests from it): ask for a client's programs in a hook or a test.
 */
export function describeWithClients(name: string, clients: readonly string[], body: SuiteFactory): void {
  const found = clients.map((client) => ({ client, installed: findClient(client) }));
  const reasons = found.flatMap(({ client, installed }) =>
    'skipped' in installed ? [`${client}: ${installed.skipped}`] : [],
  );
  const versions = found.flatMap(({ installed }) => ('version' in installed ? [installed.version] : []));
  const some = versions.length > 0 ? ` (${versions.join(', ')})` : '';
  const told = reasons.length > 0 ? ` [skipped: ${reasons.join('; ')}]` : some;
  // oxlint-disable-next-line vitest/valid-describe-callback -- the body is the caller's
  describe.skipIf(reasons.length > 0)(`${name}${told}`, body);
}

/** The environment with the clients' programs first on the PATH: kubectl 1.34 before the machine's own. */
export function withClients(
  env: Readonly<Record<string, string>>,
  ...clients: readonly string[]
): Record<string, string> {
  const folders = clients.flatMap((name) => Object.values(useClient(name).programs).map((program) => dirname(program)));
  return { ...env, PATH: [...new Set(folders), env['PATH'] ?? ''].join(delimiter) };
}
