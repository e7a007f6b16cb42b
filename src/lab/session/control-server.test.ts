import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { startHttpServer, type HttpServer } from '#http';
import { createControlListener, type ControlledLab } from './control-server.ts';

const TOKEN = 'the-token-of-the-endpoint-file';
const ROUTES = [
  ['GET', '/lab/status'],
  ['GET', '/lab/audit'],
  ['GET', '/lab/trace?namespace=default&pod=p'],
  ['GET', '/lab/clock'],
  ['POST', '/lab/clock/advance?ms=1000'],
  ['GET', '/lab/faults'],
  ['POST', '/lab/faults'],
  ['DELETE', '/lab/faults'],
  ['POST', '/lab/stop'],
] as const;

let server: HttpServer;
let running: ControlledLab | undefined;
let asked: string[];

/** A lab that notes what it is asked, by the names of its members. */
function notingLab(): ControlledLab {
  const member = (name: string) =>
    new Proxy(() => undefined, {
      get: (_target, inner) => member(`${name}.${String(inner)}`),
      apply: () => {
        asked.push(name);
        return {};
      },
    });
  return member('') as unknown as ControlledLab;
}

beforeAll(async () => {
  server = await startHttpServer({ listener: createControlListener(new Secret(TOKEN), () => running) });
});
afterAll(() => server[Symbol.asyncDispose]());

const ask = (method: string, path: string, authorization?: string) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    headers: authorization === undefined ? {} : { authorization },
  });

describe('the control interface of a lab', () => {
  it.each([
    ['no token', undefined],
    ['another token', 'Bearer another-token-of-the-same-l'],
    ['the token without its scheme', TOKEN],
    ['a part of the token', `Bearer ${TOKEN.slice(0, -1)}`],
    ['the token and more', `Bearer ${TOKEN}x`],
  ])('asks nothing of the lab for who has %s', async (_what, authorization) => {
    [running, asked] = [notingLab(), []];
    for (const [method, path] of ROUTES) {
      const answer = await ask(method, path, authorization);
      expect([answer.status, await answer.text()]).toEqual([401, expect.not.stringContaining(TOKEN)]);
    }
    expect(asked).toEqual([]);
  });

  it('answers who has the token, and says when the lab is not ready yet', async () => {
    [running, asked] = [notingLab(), []];
    expect((await ask('GET', '/lab/status', `Bearer ${TOKEN}`)).status).toBe(200);
    expect(asked).toEqual(['.status']);
    running = undefined;
    expect((await ask('GET', '/lab/status', `Bearer ${TOKEN}`)).status).toBe(503);
  });
});
