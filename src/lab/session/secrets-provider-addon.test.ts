import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DaemonSet } from 'kubernetes-types/apps/v1.js';
import { expect, it } from 'vitest';
import { parseManifests, type KubeObject } from '#kube';
import { packageRoot } from './package-root.ts';
import { adapt } from './secrets-provider-addon.ts';

const installed = parseManifests(readFileSync(join(packageRoot(), 'deploy', 'keyferry.yaml'), 'utf8'));
const options = {
  settings: { enableSecretRotation: false, rotationPollInterval: '7m' },
  verbosity: 4,
  port: 20_123,
};
const containerOf = (object: KubeObject | undefined) =>
  (object as (KubeObject & DaemonSet) | undefined)?.spec?.template.spec?.containers.find(
    ({ name }) => name === 'secrets-store',
  );
const flagNames = (args: readonly string[] = []) => new Set(args.map((arg) => arg.split('=')[0]));

it('is what a person applies, with the settings in place of the flags of the same name', () => {
  const adapted = installed.map((object) => adapt(object, options));
  const before = containerOf(installed.find(({ kind }) => kind === 'DaemonSet'));
  const after = containerOf(adapted.find(({ kind }) => kind === 'DaemonSet'));
  const flag = (name: string) => (after?.args ?? []).filter((arg) => arg.startsWith(`--${name}=`));
  expect(flag('enable-secret-rotation')).toEqual(['--enable-secret-rotation=false']);
  expect(flag('rotation-poll-interval')).toEqual(['--rotation-poll-interval=7m']);
  expect(flag('v')).toEqual(['--v=4']);
  expect(flagNames(after?.args)).toEqual(flagNames(before?.args));
  expect(after?.args?.[0]).toBe('node');
  expect(adapted.filter(({ kind }) => kind !== 'DaemonSet')).toEqual(
    installed.filter(({ kind }) => kind !== 'DaemonSet'),
  );
});

it('has metrics and probes on a loopback port of its own', () => {
  const container = containerOf(
    installed.map((object) => adapt(object, options)).find(({ kind }) => kind === 'DaemonSet'),
  );
  expect(container?.args).toContain('--metrics-addr=127.0.0.1:20123');
  const port = container?.ports?.find(({ containerPort }) => containerPort === 20_123)?.name;
  expect(port).toBeDefined();
  const probes = [container?.livenessProbe, container?.readinessProbe, container?.startupProbe];
  expect(probes.flatMap((probe) => probe?.httpGet?.port ?? [])).toEqual(expect.arrayContaining([port, port]));
  for (const probe of probes) expect([undefined, port]).toContain(probe?.httpGet?.port);
});
