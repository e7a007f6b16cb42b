import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runKeyferry } from '../testing/run-keyferry.ts';
import { refuseForRunning } from './cloud-only-options.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const home = mkdtempSync(join(tmpdir(), 'keyferry-cloud-only-'));
afterAll(() => rmSync(home, { recursive: true }));

const up = (...flags: string[]) => runKeyferry(['lab', 'up', '--state', join(home, 'lab'), ...flags], { HOME: home });

describe('a lab for a cluster outside', () => {
  it.each([
    ['--listen without --cloud-only', ['--listen', '127.0.0.1'], 'Add --cloud-only'],
    ['issuers without --cloud-only', ['--issuer-map', `${ISSUER}=k`], 'Add --cloud-only'],
    ['--listen at no address', ['--cloud-only', '--listen', 'example'], 'no IP address'],
    ['values for all addresses', ['--cloud-only', '--listen', '0.0.0.0', '--print-values'], '--advertise'],
    ['values and JSON', ['--cloud-only', '--print-values', '--output', 'json'], 'do not go together'],
    ['values of a whole lab', ['--print-values'], 'needs --cloud-only'],
    ['--advertise for nothing', ['--cloud-only', '--advertise', 'host'], 'needs --print-values'],
    ['a missing key set', ['--cloud-only', '--issuer-map', `${ISSUER}=none.json`], 'no such file'],
    ['a mapping that is none', ['--cloud-only', '--issuer-map', 'jwks.json'], 'an issuer is an https URL'],
  ])('does not start with %s, and says what to do', async (_what, flags, text) => {
    const { exitCode, out, err } = await up(...flags);
    expect([exitCode, out]).toEqual([2, '']);
    expect(err).toContain(text);
    expect(err).toContain('what to do:');
    expect(readdirSync(home)).toEqual([]);
  });
});

describe('a command for a lab that runs', () => {
  const choice = { cloudOnly: true, issuerMap: [], issuerCa: [] };

  it('is the same lab as long as nothing else is asked for', () => {
    expect(() => refuseForRunning(choice, true, '/s')).not.toThrow();
    expect(() => refuseForRunning({ ...choice, cloudOnly: false }, false, '/s')).not.toThrow();
    expect(() => refuseForRunning({ ...choice, cloudOnly: false }, true, '/s')).not.toThrow();
  });

  it.each([
    ['a lab with clusters of its own', choice, false, '--cloud-only'],
    ['another address', { ...choice, listen: '10.0.0.1' }, true, '--listen'],
    ['other issuers', { ...choice, issuerMap: ['a=b'], issuerCa: ['a=c'] }, true, '--issuer-map, --issuer-ca'],
  ])('is refused %s', (_what, asked, isCloudOnly, named) => {
    expect(() => refuseForRunning(asked, isCloudOnly, '/s')).toThrow(
      `a lab runs on /s already, started without this: ${named}`,
    );
  });
});
