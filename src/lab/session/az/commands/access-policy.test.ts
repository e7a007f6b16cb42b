import { describe, expect, it } from 'vitest';
import { applyPolicy } from './access-policy.ts';

const tenantId = 't';
const who = { tenantId, objectId: 'O', applicationId: undefined };
const other = { tenantId, objectId: 'other', permissions: { secrets: ['get'] } };

describe('set-policy', () => {
  it('adds a policy for a principal that has none, with no word of other kinds', () => {
    expect(applyPolicy([other], who, { secret: ['get'] })).toEqual([
      other,
      { tenantId, objectId: 'O', permissions: { secrets: ['get'] } },
    ]);
  });

  it('replaces only the kinds that are named, whatever the case of the id', () => {
    const before = { tenantId: 'T', objectId: 'o', permissions: { secrets: ['get'], keys: ['sign'] } };
    expect(applyPolicy([before, other], who, { secret: ['list'] })).toEqual([
      { tenantId, objectId: 'O', permissions: { secrets: ['list'], keys: ['sign'] } },
      other,
    ]);
  });

  it('drops a policy that ends without permissions', () => {
    const before = { tenantId, objectId: 'O', permissions: { secrets: ['get'] } };
    expect(applyPolicy([before, other], who, { secret: [] })).toEqual([other]);
  });

  it('keeps a policy of the same principal through an application apart', () => {
    const through = { tenantId, objectId: 'O', applicationId: 'app', permissions: { secrets: ['get'] } };
    expect(applyPolicy([through], who, { secret: ['list'] })).toHaveLength(2);
  });
});
