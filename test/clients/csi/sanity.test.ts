import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDisposeStack, Secret, silentLog, systemClock } from '#base';
import { startProviderServer } from '#providerapi';
import { describeWithClients, useClient } from '../support/clients.ts';
import { startEmptyCluster } from './cluster.ts';
import { keyferryNode, startDriverProcess, type DriverProcess } from './driver-process.ts';
import { startKubeletSide } from './kubelet-side.ts';

// csi-sanity against the production process, with a provider on its socket behind it and no branch for tests in between.

/** How many specs may not apply. It is only ever lowered. */
const MOST_NOT_APPLICABLE = 81;

const notApplicable = JSON.parse(
  readFileSync(join(import.meta.dirname, 'sanity-not-applicable.json'), 'utf8'),
) as Readonly<Record<string, string>>;

interface SpecReport {
  readonly LeafNodeType: string;
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeText: string;
  readonly State: string;
  readonly Failure?: { readonly Message: string };
}

const stack = createDisposeStack();
let driver: DriverProcess;

async function runSanity(): Promise<Map<string, SpecReport>> {
  const cluster = stack.use(await startEmptyCluster());
  await cluster.addClass('sanity', 'sanity', { vault: 'one' });
  driver = stack.use(await startDriverProcess(cluster.env, keyferryNode));
  stack.use(
    await startProviderServer({
      provider: {
        name: 'sanity',
        version: '1.0.0',
        mount: async () => ({
          files: [{ path: 'one', mode: 0o644, contents: new Secret<Uint8Array>(Buffer.from('text')) }],
          versions: [{ id: 'secret/one', version: '1' }],
        }),
      },
      socketPath: join(driver.providers, 'sanity.sock'),
      runtimeName: 'sanity',
      clock: systemClock,
      log: silentLog,
    }),
  );
  const socket = join(driver.folder, 'kubelet.sock');
  stack.use(
    await startKubeletSide(socket, driver.socket, {
      context: {
        secretProviderClass: 'sanity',
        'csi.storage.k8s.io/pod.name': 'sanity',
        'csi.storage.k8s.io/pod.namespace': 'default',
        'csi.storage.k8s.io/pod.uid': '5a417f00',
        'csi.storage.k8s.io/ephemeral': 'true',
      },
    }),
  );
  const report = join(driver.folder, 'report.json');
  const child = spawn(
    useClient('csi-sanity').programs['csi-sanity'] ?? '',
    [
      `--csi.endpoint=${socket}`,
      `--csi.mountdir=${join(driver.folder, 'mount')}`,
      `--csi.stagingdir=${join(driver.folder, 'staging')}`,
      `--ginkgo.json-report=${report}`,
    ],
    { stdio: 'ignore' },
  );
  await once(child, 'close');
  const [suite] = JSON.parse(readFileSync(report, 'utf8')) as { readonly SpecReports: readonly SpecReport[] }[];
  const specs = suite?.SpecReports.filter(({ LeafNodeType }) => LeafNodeType === 'It') ?? [];
  return new Map(specs.map((spec) => [[...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' › '), spec]));
}

describeWithClients('csi-sanity', ['csi-sanity'], () => {
  let specs: Map<string, SpecReport>;
  beforeAll(async () => {
    specs = await runSanity();
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  it('passes every spec that applies to a driver of ephemeral volumes', () => {
    const failed = [...specs].filter(([name, { State }]) => State !== 'passed' && !(name in notApplicable));
    expect(failed.map(([name, { State, Failure }]) => `${name}: ${State} ${Failure?.Message ?? ''}`)).toEqual([]);
  });

  it('has no spec on the list of those that do not apply which passes, or which is not there', () => {
    expect(Object.keys(notApplicable).filter((name) => specs.get(name)?.State === 'passed')).toEqual([]);
    expect(Object.keys(notApplicable).filter((name) => !specs.has(name))).toEqual([]);
  });

  it('has a list that only shrinks', () => {
    expect(Object.keys(notApplicable).length).toBeLessThanOrEqual(MOST_NOT_APPLICABLE);
  });

  it('mounted volumes with content, and left none', () => {
    expect(driver.output()).toContain('"Volume mounted"');
    expect(driver.mounts()).toEqual([]);
  });
});
