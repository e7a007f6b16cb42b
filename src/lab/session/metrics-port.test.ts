import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { systemRandom } from '#base';
import { createMemoryStore } from '#lab/store';
import { choosePort } from './metrics-port.ts';

it('is the same in the next lab on the state folder, and another where somebody has taken it', async () => {
  const store = createMemoryStore();
  const first = await choosePort(store, systemRandom);
  expect(await choosePort(store, systemRandom)).toBe(first);
  const other = createServer();
  other.listen(first, '127.0.0.1');
  await once(other, 'listening');
  try {
    expect((other.address() as AddressInfo).port).toBe(first);
    const second = await choosePort(store, systemRandom);
    expect(second).not.toBe(first);
    expect(await choosePort(store, systemRandom)).toBe(second);
  } finally {
    other.close();
  }
});
