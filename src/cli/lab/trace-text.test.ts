import { describe, expect, it } from 'vitest';
import type { Hop, Trace } from '#lab/session';
import { palette } from '../terminal.ts';
import { renderHop, renderTrace, renderTraceHead } from './trace-text.ts';

const plain = palette({ colour: false, errColour: false });
const at = '2026-01-01T10:00:00.000Z';

const read: Hop = { hop: 'read', at, how: 'fetched', vault: 'https://kv.vault.azure.net', object: 'secret/one' };
const exchange: Hop = { hop: 'exchange', at, how: 'fetched', clientId: 'id' };

describe('a request in a trace', () => {
  it.each<[what: string, hop: Hop, says: string]>([
    ['a value', { ...read, result: 'Success', status: 200, version: 'v1' }, 'gave secret/one version v1'],
    [
      'a refusal',
      { ...read, result: 'Forbidden/ForbiddenByPolicy', status: 403 },
      'refused secret/one: 403 Forbidden/ForbiddenByPolicy',
    ],
    ['no answer', { ...read, result: 'NoAnswer', status: 0 }, 'gave no answer to secret/one'],
    ['no request', { ...read, failed: 'Throttled' }, 'was not asked, or gave no answer to secret/one: Throttled'],
    ['a token', { ...exchange, result: 'Success', status: 200 }, 'gave an access token for client id'],
    ['a token refused', { ...exchange, result: 'AADSTS70025', status: 401 }, 'refused client id: AADSTS70025'],
    [
      'no token in time',
      { ...exchange, failed: 'deadline-exceeded' },
      'gave no answer to client id: deadline-exceeded',
    ],
  ])('that got %s says so', (_what, hop, says) => {
    expect(renderHop(hop, plain)).toContain(says);
  });
});

describe('the end of a trace', () => {
  const trace: Trace = {
    cluster: 'c',
    namespace: 'shop',
    pod: 'web',
    serviceAccount: 'web',
    createdAt: at,
    phase: 'Running',
    ready: true,
    volumes: [],
    end: { at, where: 'the exchange at Entra ID', why: 'AADSTS70025', mend: 'Create one.' },
  };

  it('of a pod that runs is told as its refresh’s', () => {
    expect(renderTrace(trace, plain)).toMatch(
      /the refresh ends at the exchange at Entra ID, the pod keeps its files\n {2}why {3}AADSTS70025\n {2}mend {2}Create one\./,
    );
  });

  it('of a pod that waits is told as its way’s', () => {
    expect(renderTrace({ ...trace, ready: false }, plain)).toContain('the way ends at the exchange at Entra ID\n');
  });

  it('of a volume whose first publish goes on says that it may', () => {
    const volumes = [{ volume: 'v', className: 'k', attempts: [] }];
    const { end: _end, ...rest } = trace;
    expect(renderTrace({ ...rest, ready: false, volumes }, plain)).toContain('or still waits for an answer\n');
  });

  it('of a pod without such a volume says that there is no way', () => {
    const { end: _end, ...rest } = trace;
    expect(renderTrace(rest, plain)).toContain('no volume of the driver secrets-store.csi.k8s.io');
    expect(renderTrace(trace, plain)).not.toContain('no volume');
  });

  it('has no blanks behind it', () => {
    expect(renderTraceHead({ ...trace, readyAt: '2026-01-01T10:00:00Z' }, plain)).toMatch(/ready since 10:00:00$/);
  });
});
