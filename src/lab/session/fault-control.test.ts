import { beforeEach, describe, expect, it } from 'vitest';
import { createFaultTable, type FaultTable } from '#lab/faults';
import { createFakeClock } from '../../base/testing/index.ts';
import { createFaultControl, type FaultControl } from './fault-control.ts';

const effect = { kind: 'reset' };

let table: FaultTable;
let control: FaultControl;

beforeEach(() => {
  table = createFaultTable({ clock: createFakeClock() });
  control = createFaultControl(table, () => ({
    publicCloud: ['login.microsoftonline.com', '*.vault.azure.net'],
    otherClouds: ['*.vault.azure.cn'],
    apiServers: [{ cluster: 'c', host: '127.0.0.1:6443' }],
  }));
});

describe('faults of a lab', () => {
  it.each([
    'login.microsoftonline.com',
    'LOGIN.microsoftonline.com',
    'login.*',
    '*',
    'kv.vault.azure.net',
    'kv*.vault.azure.net',
    '*.vault.azure.net',
    'kv.vault.azure.cn',
    '127.0.0.1:6443',
  ])('are for a host that it has: %s', (host) => {
    expect(control.add({ host, effect }).host).toBe(host.toLowerCase());
  });

  it.each(['example.com', 'vault.azure.net', '*.example.com', '127.0.0.1:6444', '127.0.0.1'])(
    'are not for another host, and it says which there are: %s',
    (host) => {
      expect(() => control.add({ host, effect })).toThrow(
        expect.objectContaining({
          code: 'not-found',
          hint: expect.stringMatching(/login\.microsoftonline\.com, \*\.vault\.azure\.net, 127\.0\.0\.1:6443 \(c\)/),
        }),
      );
      expect(control.list()).toEqual([]);
    },
  );

  it('are for the API server of a cluster by its name', () => {
    expect(control.add({ cluster: 'c', effect }).host).toBe('127.0.0.1:6443');
  });

  it.each(['d', 7, null])('are not for a cluster that it does not have: %s', (cluster) => {
    expect(() => control.add({ cluster, effect })).toThrow(
      expect.objectContaining({ code: 'not-found', hint: 'It has c.' }),
    );
  });

  it.each([undefined, null, 'x', [], { host: 'login.microsoftonline.com' }])(
    'are refused without a sense: %j',
    (request) => {
      expect(() => control.add(request)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
    },
  );

  it('are cleared all of them when none is named', () => {
    control.add({ cluster: 'c', effect });
    control.add({ cluster: 'c', effect });
    expect(control.clear(['f1']).map(({ id }) => id)).toEqual(['f1']);
    expect(control.clear([]).map(({ id }) => id)).toEqual(['f2']);
  });
});
