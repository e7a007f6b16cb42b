import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../base/testing/index.ts';
import { createAuditLog, type AuditExchange } from './audit-log.ts';
import type { AuditRecord } from './service.ts';

const exchange: AuditExchange = {
  service: 'keyvault',
  method: 'GET',
  host: 'kv.vault.azure.net',
  path: '/secrets/a',
  status: 200,
  durationMs: 1,
};
const request = () => new Request('https://kv.vault.azure.net/secrets/a');

describe('the audit log', () => {
  it('joins the facts that services noted with what the gateway saw', () => {
    const audit = createAuditLog({ clock: createFakeClock() });
    const one = request();
    audit.note(one, { operation: 'SecretGet', identity: { objectId: 'o' } });
    audit.note(one, { result: 'Forbidden/AccessDenied' });
    audit.record(one, { ...exchange, status: 403 });
    expect(audit.records()).toEqual([
      {
        ...exchange,
        status: 403,
        time: '2026-01-01T00:00:00.000Z',
        operation: 'SecretGet',
        result: 'Forbidden/AccessDenied',
        identity: { objectId: 'o' },
      },
    ]);
  });

  it('names who asked, when the service only knew the object id', () => {
    const audit = createAuditLog({ clock: createFakeClock(), nameOf: (id) => (id === 'o' ? 'Workload' : undefined) });
    for (const objectId of ['o', 'unknown']) {
      const one = request();
      audit.note(one, { identity: { objectId } });
      audit.record(one, exchange);
    }
    expect(audit.records().map(({ identity }) => identity?.name)).toEqual(['Workload', undefined]);
  });

  it.each([
    [204, 'Success'],
    [404, 'HTTP 404'],
  ])('calls a result of %i that nobody noted %s', (status, result) => {
    const audit = createAuditLog({ clock: createFakeClock() });
    audit.record(request(), { ...exchange, status });
    expect(audit.records()[0]?.result).toBe(result);
  });

  it('keeps the newest records only', () => {
    const audit = createAuditLog({ clock: createFakeClock(), capacity: 2 });
    for (const path of ['/1', '/2', '/3']) audit.record(request(), { ...exchange, path });
    expect(audit.records().map(({ path }) => path)).toEqual(['/2', '/3']);
  });

  it('gives a follower what comes after it began, until it stops', async () => {
    const audit = createAuditLog({ clock: createFakeClock() });
    const stop = new AbortController();
    audit.record(request(), { ...exchange, path: '/before' });
    const records = audit.follow(stop.signal);
    audit.record(request(), { ...exchange, path: '/1' });
    const seen: AuditRecord[] = [];
    for await (const record of records) {
      seen.push(record);
      if (record.path === '/1') queueMicrotask(() => audit.record(request(), { ...exchange, path: '/2' }));
      else stop.abort();
    }
    expect(seen.map(({ path }) => path)).toEqual(['/1', '/2']);
  });

  it('ends a follower that waits when its signal aborts', async () => {
    const audit = createAuditLog({ clock: createFakeClock() });
    const stop = new AbortController();
    const next = audit.follow(stop.signal)[Symbol.asyncIterator]().next();
    stop.abort();
    expect((await next).done).toBe(true);
  });
});
