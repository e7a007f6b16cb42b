/** The driver, kubelet, the node and the API server go and come again under running pods. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { systemClock } from '#base';
import type { SecretObject } from '#kube';
import { eventually } from '../../support/test-lab.ts';
import type { NodeOperations } from './cluster.ts';
import { DRIVER_NAMESPACE, driverPods } from './driver.ts';
import { readNodeState } from './node-state.ts';
import { inScene, type Scene } from './scene.ts';
import type { Stage } from './stage.ts';

/** While there is no driver, kubelet says so. */
const NO_DRIVER =
  /^FailedMount: .*(not found in the list of registered CSI drivers|connect: (no such file|connection refused)|code = Unavailable|code = Canceled)/s;

/** Reads its file without end and notes whatever is not a whole value of it. */
const READER = `
trap 'exit 0' TERM
while :; do
  value=$(cat /mnt/turning/Turning 2>&1)
  case $value in 'generation '*' is whole') ;; *) echo "$value" >> /tmp/bad ;; esac
  sleep 0.05 & wait $!
done`;
const generation = (count: number) => `generation ${count} is whole`;

/** Tests of disruptions. Those that a cluster's operations do not allow are skipped. */
export function disruptionScenarios(stage: () => Stage): void {
  /** The operations that a test needs; skips it where there are not all. */
  const needs = <Name extends keyof NodeOperations>(context: TestContext, ...names: readonly Name[]) => {
    const { operations, name } = stage().cluster;
    const missing = names.filter((each) => operations[each] === undefined);
    context.skip(missing.length > 0, `${name} has no ${missing.join(', ')}`);
    return operations as Pick<NodeOperations, Name>;
  };

  describe('the driver', () => {
    it(
      'may be deleted, restarted and upgraded: running pods keep whole files, new pods start, all get the newest version',
      { timeout: 300_000 },
      async () => {
        const { upgradeDriver } = stage().cluster.operations;
        const disruptions = [
          () => deleteDriver(stage()),
          () => restartDriver(stage()),
          ...(upgradeDriver === undefined ? [] : [upgradeDriver]),
        ];
        await inScene(stage(), { name: 'driver-goes', warnings: [NO_DRIVER] }, async (scene) => {
          await scene.stage.setSecret('Turning', generation(0));
          await scene.makeClass('turning', { secrets: ['Turning'] });
          await scene.makePod('steady', { classes: ['turning'], script: READER });
          await scene.ready(['steady']);
          const pods = ['steady'];
          for (const [round, disrupt] of disruptions.entries()) {
            pods.push(`while-${round}`, `after-${round}`);
            // In the same moment: a new pod, a new version, and the driver goes.
            await Promise.all([
              scene.makePod(`while-${round}`, { classes: ['turning'] }),
              scene.stage.setSecret('Turning', generation(round + 1)),
              disrupt(),
            ]);
            await scene.makePod(`after-${round}`, { classes: ['turning'] });
          }
          await scene.ready(pods, 120);
          // A new driver takes a volume over when kubelet publishes it the next time, within about a minute.
          const newest = generation(disruptions.length);
          for (const pod of pods) await scene.fileBecomes(pod, '/mnt/turning/Turning', newest, 150_000);
          expect(await scene.exec('steady', '/bin/sh', '-c', 'cat /tmp/bad 2>/dev/null || :')).toBe('');
        });
      },
    );
  });

  describe('a pod', () => {
    it(
      'keeps its files over a restart of kubelet, which takes away what was deleted meanwhile',
      { timeout: 180_000 },
      async (context) => {
        const { stopKubelet, startKubelet } = needs(context, 'stopKubelet', 'startKubelet');
        await inScene(stage(), { name: 'kubelet-restarted' }, async (scene) => {
          await scene.stage.setSecret('Turning', generation(0));
          await scene.makeClass('turning', { secrets: ['Turning'] });
          await scene.makePod('stays', { classes: ['turning'], script: READER });
          await scene.makePod('goes', { classes: ['turning'] });
          await scene.ready(['stays', 'goes']);
          await stopKubelet();
          await scene.kubectl('delete', 'pod', 'goes', '--wait=false');
          await startKubelet();
          await scene.kubectl('wait', '--for=delete', 'pod/goes', '--timeout=90s');
          await scene.stage.setSecret('Turning', generation(1));
          await scene.fileBecomes('stays', '/mnt/turning/Turning', generation(1), 120_000);
          expect(await scene.exec('stays', '/bin/sh', '-c', 'cat /tmp/bad 2>/dev/null || :')).toBe('');
          expect(await restartsOf(scene, 'stays')).toBe(0);
        });
      },
    );

    it(
      'waits after a reboot while the vault is down, and has its files once that is up',
      { timeout: 240_000 },
      async (context) => {
        const { powerOff, powerOn } = needs(context, 'powerOff', 'powerOn');
        await inScene(
          stage(),
          { name: 'rebooted', warnings: [NO_DRIVER, /^FailedMount: /, ...REBOOT], rebooted: true },
          async (scene) => {
            await scene.stage.setSecret('Turning', generation(0));
            await scene.makeClass('turning', { secrets: ['Turning'] });
            await scene.makePod('survives', { classes: ['turning'] });
            await scene.ready(['survives']);
            await powerOff();
            await scene.stage.setSecret('Turning', generation(1));
            await scene.stage.vaultsDown(true);
            await powerOn();
            await eventually(
              'the pod is told that the vault is down',
              async () => {
                const seen = (await scene.events()).map(({ reason, message }) => `${reason}: ${message}`);
                return seen.some((text) => /^FailedMount: .*ServiceUnavailable/s.test(text))
                  ? { found: true }
                  : { seen: seen.join('\n') };
              },
              120_000,
            );
            const { mounts } = await readNodeState(scene.stage.cluster);
            expect(mounts.filter(({ volume }) => volume === 'turning')).toEqual([]);
            await scene.stage.vaultsDown(false);
            await eventually(
              'the pod was started again',
              async () => {
                const restarts = await restartsOf(scene, 'survives');
                return restarts > 0 ? { found: true } : { seen: `${restarts}` };
              },
              120_000,
            );
            await scene.ready(['survives'], 90);
            expect((await scene.files('survives', 'turning'))['Turning']?.content).toBe(generation(1));
          },
        );
      },
    );

    it(
      'gets new versions while the API server is away for a minute, and its Secret afterwards',
      { timeout: 240_000 },
      async (context) => {
        const { stopApiServer, startApiServer } = needs(context, 'stopApiServer', 'startApiServer');
        await inScene(
          stage(),
          { name: 'api-server-away', warnings: [NO_DRIVER, ...API_SERVER_BACK] },
          async (scene) => {
            await scene.stage.setSecret('Turning', generation(0));
            await scene.makeClass('turning', {
              secrets: ['Turning'],
              secretObjects: [{ secretName: 'copy', type: 'Opaque', data: [{ objectName: 'Turning', key: 'value' }] }],
            });
            await scene.makePod('reads', { classes: ['turning'], script: READER });
            await scene.ready(['reads']);
            await stopApiServer();
            const backMs = systemClock.monotonic() + 60_000;
            await scene.stage.setSecret('Turning', generation(1));
            await eventually('the file has the new version on the node', async () => {
              const mount = (await readNodeState(scene.stage.cluster)).mounts.find(
                ({ volume }) => volume === 'turning',
              );
              const seen = mount === undefined ? 'no mount' : readFileSync(join(mount.path, 'Turning'), 'utf8');
              return seen === generation(1) ? { found: true } : { seen };
            });
            // The minute is what is asked for: longer than what clients try again by themselves.
            await systemClock.sleep(Math.max(0, backMs - systemClock.monotonic()));
            await startApiServer();
            await eventually('the Secret has the new version', async () => {
              const { data } = await scene.getJson<SecretObject>('secret', 'copy');
              const seen = Buffer.from(data?.['value'] ?? '', 'base64').toString();
              return seen === generation(1) ? { found: true } : { seen };
            });
            await scene.makePod('new', { classes: ['turning'], env: { VALUE: ['copy', 'value'] } });
            await scene.ready(['new'], 120);
            expect(await scene.exec('new', '/bin/sh', '-c', 'echo "$VALUE"')).toBe(generation(1));
            await scene.stage.setSecret('Turning', generation(2));
            for (const pod of ['reads', 'new']) {
              await scene.fileBecomes(pod, '/mnt/turning/Turning', generation(2));
            }
            expect(await scene.exec('reads', '/bin/sh', '-c', 'cat /tmp/bad 2>/dev/null || :')).toBe('');
            expect(await restartsOf(scene, 'reads')).toBe(0);
          },
        );
      },
    );
  });
}

/**
 * What is told when an API server comes back: it takes the node for lost until kubelet has reported, and the driver had no
 * answer for the Secret of the new version.
 */
const API_SERVER_BACK = [
  /^NodeNotReady: /,
  /^FailedScheduling: /,
  /^FailedToCreateSecret: .*(: no answer within \d+ ms$| does not answer: .* it is tried again by itself\.$)/s,
];

/** What kubelet tells of pods that it finds after a boot. */
const REBOOT = [/^FailedCreatePodSandBox: /, /^NodeNotReady: /, /^BackOff: /, /^NetworkNotReady: /];

/** Deletes the driver's pod and waits until the next one is ready. */
async function deleteDriver(stage: Stage): Promise<void> {
  const [old] = await driverPods(stage);
  await stage.kubectl('delete', 'pod', old?.metadata?.name ?? '', '-n', DRIVER_NAMESPACE, '--wait=false');
  await eventually('another pod of the driver is ready', async () => {
    const pods = await driverPods(stage);
    const ready = pods.find(
      ({ metadata, status }) =>
        metadata?.uid !== old?.metadata?.uid &&
        status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
    );
    return ready === undefined ? { seen: JSON.stringify(pods.map(({ status }) => status)) } : { found: ready };
  });
}

async function restartDriver(stage: Stage): Promise<void> {
  await stage.kubectl('rollout', 'restart', 'daemonset/secrets-store-csi-driver', '-n', DRIVER_NAMESPACE);
  const line = ['rollout', 'status', 'daemonset/secrets-store-csi-driver', '-n', DRIVER_NAMESPACE, '--timeout=90s'];
  await stage.kubectl(...line);
}

async function restartsOf(scene: Scene, name: string): Promise<number> {
  const pod = (await scene.pods()).find(({ metadata }) => metadata?.name === name);
  return pod?.status?.containerStatuses?.[0]?.restartCount ?? 0;
}
