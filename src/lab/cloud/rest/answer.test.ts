import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { createFakeRandom, createMemoryLog } from '../../../base/testing/index.ts';
import { answerWith } from './answer.ts';

async function answerTo(error: Error) {
  const log = createMemoryLog();
  const results: unknown[] = [];
  const audit = { note: (_request: Request, { result }: { result?: string }) => results.push(result) };
  const response = await answerWith(
    { audit: audit as never, random: createFakeRandom(), log },
    {
      renderError: ({ status, code, message }) => Response.json({ code, message }, { status }),
      headers: () => ({}),
    },
    new Request('https://kv.vault.azure.net/'),
    async () => {
      throw error;
    },
  );
  return { status: response.status, body: await response.json(), results, logged: log.lines.map(({ level }) => level) };
}

describe('a request that fails for a reason of the machine', () => {
  it('says which, and what to do', async () => {
    const error = new KeyferryError('unavailable', 'the state cannot be written: ENOSPC', { hint: 'Make room.' });
    expect(await answerTo(error)).toEqual({
      status: 503,
      body: { code: 'ServiceUnavailable', message: 'the state cannot be written: ENOSPC. Make room.' },
      results: ['ServiceUnavailable'],
      logged: ['error'],
    });
  });

  it('says nothing of a bug, which is in the log', async () => {
    expect(await answerTo(new TypeError('x is not a function'))).toMatchObject({
      status: 500,
      body: { code: 'InternalServerError', message: 'Encountered internal server error.' },
      logged: ['error'],
    });
  });
});
