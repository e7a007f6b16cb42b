import { expect } from 'vitest';
import type { Row } from './expectations.ts';
import { REFUSALS } from './refusals.ts';

const VERSION = expect.stringMatching(/^[0-9a-f]{32}$/);
/** Before 2038: the JavaScript SDK sends 32 bits. */
const EXPIRES_ON = Date.UTC(2035, 0, 1) / 1000;

/**
 * Everything that can be done with one secret, from its creation to the restoring of its backup, and what Key Vault's
 * documentation says comes of it. The vault is as it was afterwards.
 */
export function lifeOfASecret(name: string, vaultUrl: string): readonly Row[] {
  const recoveryId = `${vaultUrl}/deletedsecrets/${name}`;
  const first = {
    value: 'one',
    contentType: 'text/plain',
    tags: { team: 'shop' },
    expiresOn: EXPIRES_ON,
  };
  const changed = { contentType: 'text/csv', tags: { team: 'bank' } };
  return [
    { id: 'set', operation: 'set', name, ...first, gives: { name, ...first, enabled: true, version: VERSION } },
    { id: 'set again', operation: 'set', name, value: 'two', gives: { name, value: 'two', version: VERSION } },
    { id: 'get', operation: 'get', name, gives: { name, value: 'two', enabled: true, version: '@set again' } },
    {
      id: 'get the first version',
      operation: 'get',
      name,
      version: '@set',
      gives: { ...first, version: '@set' },
    },
    { id: 'versions', operation: 'versions', name, gives: { found: ['@set', '@set again'], pages: 1 } },

    {
      id: 'disable',
      operation: 'update',
      name,
      version: '@set again',
      enabled: false,
      ...changed,
      gives: { name, version: '@set again', enabled: false, ...changed },
    },
    { id: 'get it disabled', operation: 'get', name, fails: REFUSALS.disabled },
    {
      id: 'enable',
      operation: 'update',
      name,
      version: '@set again',
      enabled: true,
      gives: { enabled: true, ...changed },
    },
    { id: 'get it enabled', operation: 'get', name, gives: { value: 'two', ...changed } },
    { id: 'backup', operation: 'backup', name, gives: { backedUp: true } },
    { id: 'restore over it', operation: 'restore', from: 'backup', fails: REFUSALS.exists },

    { id: 'delete', operation: 'delete', name, gives: { name, recoveryId, purgeAfterDays: 90 } },
    { id: 'get it deleted', operation: 'get', name, fails: REFUSALS.notFound },
    { id: 'set it deleted', operation: 'set', name, value: 'three', fails: REFUSALS.deleted },
    { id: 'get deleted', operation: 'get-deleted', name, gives: { name, recoveryId, purgeAfterDays: 90 } },
    { id: 'list deleted', operation: 'list-deleted', gives: { found: expect.arrayContaining([name]) } },
    { id: 'recover', operation: 'recover', name, gives: { name } },
    { id: 'get it recovered', operation: 'get', name, gives: { value: 'two', version: '@set again' } },
    { id: 'get deleted, recovered', operation: 'get-deleted', name, fails: REFUSALS.notFound },

    { id: 'delete again', operation: 'delete', name, gives: { name, recoveryId } },
    { id: 'purge', operation: 'purge', name, gives: {} },
    { id: 'get deleted, purged', operation: 'get-deleted', name, fails: REFUSALS.notFound },
    { id: 'restore', operation: 'restore', from: 'backup', gives: { name, version: '@set again', ...changed } },
    { id: 'versions restored', operation: 'versions', name, gives: { found: ['@set', '@set again'] } },
    { id: 'get the first restored', operation: 'get', name, version: '@set', gives: first },

    { id: 'delete at last', operation: 'delete', name, gives: { name } },
    { id: 'purge at last', operation: 'purge', name, gives: {} },
  ];
}
