import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore, type Store } from '#lab/store';
import { createFakeClock, type FakeClock } from '../../../../base/testing/index.ts';
import { openSigningKeys } from './signing-keys.ts';

const HOUR_MS = 60 * 60 * 1000;

let store: Store;
let clock: FakeClock;
beforeEach(() => {
  store = createMemoryStore();
  clock = createFakeClock();
});

const open = () => openSigningKeys(store, clock);
const ids = async () => (await open()).valid().map(({ id }) => id);

describe('the keys of service account tokens', () => {
  it('are the same after a restart', async () => {
    const first = (await open()).current();
    const again = (await open()).current();
    expect(again.id).toBe(first.id);
    expect(again.publicKey.equals(first.publicKey)).toBe(true);
  });

  it('are two after a rotation, the new one first, also after a restart', async () => {
    const keys = await open();
    const old = keys.current().id;
    await keys.rotate();
    expect(keys.valid().map(({ id }) => id)).toEqual([keys.current().id, old]);
    expect(keys.current().id).not.toBe(old);
    expect(await ids()).toEqual([keys.current().id, old]);
  });

  it('count for a day after the rotation that ended them', async () => {
    const keys = await open();
    await keys.rotate();
    await clock.advance(24 * HOUR_MS - 1);
    expect(keys.valid()).toHaveLength(2);
    await clock.advance(1);
    expect(keys.valid()).toEqual([keys.current()]);
    expect(await ids()).toEqual([keys.current().id]);
  });

  it('end at once with the second rotation', async () => {
    const keys = await open();
    const first = keys.current().id;
    await keys.rotate();
    const second = keys.current().id;
    await keys.rotate();
    expect(keys.valid().map(({ id }) => id)).toEqual([keys.current().id, second]);
    expect(await ids()).not.toContain(first);
  });
});
