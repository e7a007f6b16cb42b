import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../base/testing/index.ts';
import { systemRandom } from '#base';
import type { AzResponse } from './http.ts';
import { waitForEnd } from './long-running.ts';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): AzResponse => ({
  status,
  reason: '',
  body: body === undefined ? '' : JSON.stringify(body),
  header: (name) => headers[name],
});
const cluster = (provisioningState: string) => ({ name: 'c', properties: { provisioningState } });

function follow(first: AzResponse, replies: readonly [url: string, reply: AzResponse][], resourceUrl?: string) {
  const clock = createFakeClock();
  const startMs = clock.now();
  const left = [...replies];
  const asked: [url: string, afterMs: number][] = [];
  const err: string[] = [];
  const io = {
    env: {},
    stdout: () => undefined,
    stderr: (text: string) => err.push(text),
    isTty: false,
    readStdin: () => Promise.resolve(''),
    clock,
    random: systemRandom,
    signal: new AbortController().signal,
  };
  const ended = waitForEnd({
    io,
    answer: first,
    ...(resourceUrl === undefined ? {} : { resourceUrl }),
    get: (url) => {
      asked.push([url, clock.now() - startMs]);
      const next = left.shift();
      if (next === undefined || next[0] !== url) throw new Error(`unexpected request for ${url}`);
      return Promise.resolve(next[1]);
    },
  });
  return { ended, asked, clock };
}

describe('a long-running operation', () => {
  it('is over at once when the resource is ready or says nothing of its state', async () => {
    expect(await follow(answer(201, cluster('Succeeded')), [], 'r').ended).toBeUndefined();
    expect(await follow(answer(200, { name: 'g' }), [], 'r').ended).toBeUndefined();
    expect(await follow(answer(204, undefined), []).ended).toBeUndefined();
  });

  it('is followed by its own URL at the pace that Retry-After asks for, then the resource is read', async () => {
    const { ended, asked, clock } = follow(
      answer(201, cluster('Creating'), { 'azure-asyncoperation': 'op', 'retry-after': '2' }),
      [
        ['op', answer(200, { status: 'InProgress' }, { 'retry-after': '3' })],
        ['op', answer(200, { status: 'Succeeded' })],
        ['r', answer(200, cluster('Succeeded'))],
      ],
      'r',
    );
    await clock.advance(10_000);
    expect(await ended).toEqual(cluster('Succeeded'));
    expect(asked).toEqual([
      ['op', 2000],
      ['op', 5000],
      ['r', 5000],
    ]);
  });

  it('is followed by the resource’s state where there is no URL', async () => {
    const { ended, clock } = follow(
      answer(201, cluster('Creating'), { 'retry-after': '1' }),
      [
        ['r', answer(200, cluster('Creating'))],
        ['r', answer(200, cluster('Succeeded'))],
      ],
      'r',
    );
    await clock.advance(5000);
    expect(await ended).toEqual(cluster('Succeeded'));
  });

  it('of a DELETE is followed by Location', async () => {
    const { ended, asked, clock } = follow(answer(202, undefined, { location: 'l', 'retry-after': '1' }), [
      ['l', answer(202, undefined)],
      ['l', answer(204, undefined)],
    ]);
    await clock.advance(5000);
    expect(await ended).toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  it.each([
    [
      'says so with Azure’s error',
      { status: 'Failed', error: { code: 'X', message: 'm' } },
      '(X) m\nCode: X\nMessage: m',
    ],
    ['names the state when there is no error', { status: 'Canceled' }, 'the operation ended as Canceled'],
  ])('that fails %s', async (_what, status, message) => {
    const { ended, clock } = follow(
      answer(201, cluster('Creating'), { 'azure-asyncoperation': 'op' }),
      [['op', answer(200, status)]],
      'r',
    );
    const failed = expect(ended).rejects.toThrow(message);
    await clock.advance(5000);
    await failed;
  });
});
