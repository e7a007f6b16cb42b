import { describe, expect, it } from 'vitest';
import type { Hop, Trace } from '#lab/session';
import type { Narrator } from './narrator.ts';
import { tellWay } from './way.ts';

const AT = '2026-01-01T00:00:00.000Z';
const TOKEN: Hop = { hop: 'token', at: AT, issuer: 'https://i/', subject: 's', audience: 'a', expiresAt: AT };
const EXCHANGE: Hop = {
  hop: 'exchange',
  at: AT,
  how: 'fetched',
  clientId: 'c',
  identity: 'reader',
  credential: 'for-reader',
  correlationId: 'one',
  tookMs: 17,
};
const READ: Hop = {
  hop: 'read',
  at: AT,
  how: 'fetched',
  vault: 'https://kv.vault.azure.net',
  object: 'secret/db',
  allowedBy: 'access policy of object o',
  correlationId: 'two',
};
const EARLIER = { how: 'kept', askedFor: { pod: 'default/first', secondsBefore: 4 } } as const;

/** The story of these hops, and how many requests were shown. */
function story(hops: readonly Hop[], correlationIds: readonly string[] = []) {
  const told: string[] = [];
  let shown = 0;
  const tell: Narrator = {
    step: (text) => void told.push(text),
    command: (text) => void told.push(text),
    say: (text) => void told.push(text),
    facts: (facts) => void told.push(JSON.stringify(facts)),
    requests: (records) => void (shown += records.length),
    good: (text) => void told.push(text),
  };
  const attempts = [{ outcome: 'mounted' as const, at: AT, firstAt: AT, times: 1, hops }];
  const trace: Trace = {
    cluster: 'c',
    namespace: 'default',
    pod: 'p',
    serviceAccount: 'sa',
    createdAt: AT,
    phase: 'Running',
    ready: true,
    volumes: [{ volume: 'v', className: 'k', attempts }],
  };
  const records = correlationIds.map((correlationId) => ({
    time: AT,
    service: 'keyvault' as const,
    operation: 'SecretGet',
    method: 'GET',
    host: 'kv.vault.azure.net',
    path: '/',
    status: 200,
    durationMs: 1,
    result: 'Success',
    correlationId,
  }));
  tellWay(tell, trace, records);
  return { text: told.join('\n'), shown };
}

describe('the story of a way', () => {
  it('tells the claims of the token', () => {
    expect(story([TOKEN]).text).toContain(
      JSON.stringify({ issuer: 'https://i/', subject: 's', audience: 'a', expires: AT }),
    );
  });

  it('tells an exchange with the identity and the credential, and shows its own requests', () => {
    const { text, shown } = story([EXCHANGE], ['one', 'two', 'other']);
    expect(text).toContain('“for-reader”: an access token for reader (17 ms).');
    expect(shown).toBe(1);
  });

  it('tells a read with what allowed it, and shows its own requests', () => {
    const { text, shown } = story([READ], ['one', 'two', 'two']);
    expect(text).toContain('read secret/db: allowed by the access policy of object o.');
    expect(shown).toBe(2);
  });

  it('tells what the broker had already, and for whom, and shows no requests', () => {
    const { text, shown } = story(
      [
        { ...EXCHANGE, ...EARLIER },
        { ...READ, ...EARLIER },
      ],
      ['one', 'two'],
    );
    expect(text).toContain('the exchange 4 s before for the pod default/first');
    expect(text).toContain('secret/db had been read 4 s before for the pod default/first');
    expect(shown).toBe(0);
  });

  it('tells of files and Secrets by name', () => {
    const { text } = story([
      { hop: 'files', at: AT, files: [{ path: 'db', mode: '0644', sizeBytes: 3 }] },
      { hop: 'secrets', at: AT, names: ['greeting'], synced: true },
    ]);
    expect(text).toContain('db (mode 0644, 3 bytes)');
    expect(text).toContain('the Kubernetes Secret greeting');
  });
});
