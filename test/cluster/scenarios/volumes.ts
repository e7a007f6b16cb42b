/** Volumes from their mount to their end, without anything going wrong. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SecretObject } from '#kube';
import type { AuditRecord } from '#lab/cloud';
import { eventually } from '../../support/test-lab.ts';
import { nothingStray } from './aftermath.ts';
import { NEVER_CHECKED, podSpec } from './manifests.ts';
import { readNodeState } from './node-state.ts';
import { inScene } from './scene.ts';
import type { Stage } from './stage.ts';

const CROWD = 100;
/** The API server's admission of kubelet's token requests reads pods from a watch, which may be behind when many are bound at once. */
const NOT_SEEN_BOUND = /^FailedMount: .* node requested token bound to a pod scheduled on a different node$/s;
const ROOTS = { mode: '644', owner: '0:0' };

/** Tests of volumes, their files, who may read them, and the Secrets made of them. */
export function volumeScenarios(stage: () => Stage): void {
  describe('a volume', () => {
    it('is a tmpfs with the files of its class, and gone with its pod', () =>
      inScene(stage(), { name: 'mount' }, async (scene) => {
        await scene.stage.setSecret('Mount', 'mounted value');
        await scene.makeClass('files', {
          secrets: ['Mount', ['Mount', 'renamed']],
        });
        await scene.makePod('reads', { classes: ['files'] });
        await scene.ready(['reads']);
        const file = { content: 'mounted value', ...ROOTS };
        expect(await scene.files('reads', 'files')).toEqual({ Mount: file, renamed: file });
        const [pod] = await scene.pods();
        const [mount, ...more] = (await readNodeState(scene.stage.cluster)).mounts.filter(
          ({ podUid }) => podUid === pod?.metadata?.uid,
        );
        expect(more).toEqual([]);
        await expect(scene.exec('reads', 'touch', '/mnt/files/more')).rejects.toThrow(/Read-only file system/);
        expect(mount?.type).toBe('tmpfs');
        expect(mount?.options).toEqual(expect.arrayContaining(['nosuid', 'nodev', 'noexec']));
        await scene.removePods('reads');
      }));

    it('stands beside another one of the same pod', () =>
      inScene(stage(), { name: 'two-volumes' }, async (scene) => {
        await scene.stage.setSecret('Left', 'value on the left');
        await scene.stage.setSecret('Right', 'value on the right');
        await scene.makeClass('left', { secrets: ['Left'] });
        await scene.makeClass('right', { secrets: ['Right'] });
        await scene.makePod('both', { classes: ['left', 'right'] });
        await scene.ready(['both']);
        expect(await scene.files('both', 'left')).toEqual({ Left: { content: 'value on the left', ...ROOTS } });
        expect(await scene.files('both', 'right')).toEqual({ Right: { content: 'value on the right', ...ROOTS } });
      }));

    it('belongs to the group of fsGroup, so that a container that is not root can read it', () =>
      inScene(stage(), { name: 'fs-group' }, async (scene) => {
        await scene.stage.setSecret('Group', 'value of a group');
        await scene.makeClass('own', { secrets: ['Group'], filePermission: '0400' });
        await scene.makePod('ordinary', {
          classes: ['own'],
          securityContext: { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, runAsNonRoot: true },
        });
        await scene.ready(['ordinary']);
        expect(await scene.exec('ordinary', 'id', '-u')).toBe('1000');
        expect(await scene.files('ordinary', 'own')).toEqual({
          Group: { content: 'value of a group', mode: '440', owner: '0:2000' },
        });
      }));

    it('becomes a Kubernetes Secret that goes with the last pod that mounts it', () =>
      inScene(stage(), { name: 'sync' }, async (scene) => {
        await scene.stage.setSecret('Synced', 'value to be synced');
        await scene.makeClass('synced', {
          secrets: ['Synced'],
          secretObjects: [{ secretName: 'copy', type: 'Opaque', data: [{ objectName: 'Synced', key: 'value' }] }],
        });
        await scene.makePod('first', { classes: ['synced'], env: { VALUE: ['copy', 'value'] } });
        await scene.makePod('second', { classes: ['synced'], env: { VALUE: ['copy', 'value'] } });
        await scene.ready(['first', 'second']);
        for (const pod of ['first', 'second']) {
          expect(await scene.exec(pod, '/bin/sh', '-c', 'echo "$VALUE"')).toBe('value to be synced');
        }
        await scene.removePods('first');
        const copy = await scene.getJson<SecretObject>('secret', 'copy');
        expect(Buffer.from(copy.data?.['value'] ?? '', 'base64').toString()).toBe('value to be synced');
        await scene.removePods('second');
        await scene.kubectl('wait', '--for=delete', 'secret/copy', '--timeout=60s');
      }));

    it('goes when a Job is done, though its pod stays', () =>
      inScene(stage(), { name: 'job' }, async (scene) => {
        await scene.stage.setSecret('Job', 'value of a job');
        await scene.makeClass('once', { secrets: ['Job'] });
        const spec = podSpec(scene.stage, { classes: ['once'], script: 'cat /mnt/once/Job; echo' });
        await scene.apply({
          apiVersion: 'batch/v1',
          kind: 'Job',
          metadata: { name: 'once' },
          spec: { backoffLimit: 0, template: { spec: { ...spec, restartPolicy: 'Never' } } },
        });
        await scene.kubectl('wait', '--for=condition=Complete', 'job/once', '--timeout=60s');
        expect(await scene.kubectl('logs', 'job/once')).toBe('value of a job');
        await nothingStray(scene.stage);
        expect(await scene.pods()).toHaveLength(1);
      }));

    it('goes with a pod that is deleted by force, and with a namespace, whatever goes first of it', () =>
      inScene(stage(), { name: 'namespace-deleted' }, async (scene) => {
        await scene.stage.setSecret('Gone', 'value of the deleted');
        await scene.makeClass('gone', {
          secrets: ['Gone'],
          secretObjects: [{ secretName: 'copy', type: 'Opaque', data: [{ objectName: 'Gone', key: 'value' }] }],
        });
        for (const pod of ['forced', 'one', 'other']) await scene.makePod(pod, { classes: ['gone'] });
        await scene.ready(['forced', 'one', 'other']);
        await scene.kubectl('delete', 'pod', 'forced', '--force', '--grace-period=0');
        await nothingStray(scene.stage);
        await scene.stage.kubectl('delete', 'namespace', scene.namespace, '--wait', '--timeout=90s');
        await nothingStray(scene.stage);
        const { mounts } = await readNodeState(scene.stage.cluster);
        expect(mounts.filter(({ volume }) => volume === 'gone')).toEqual([]);
      }));

    it('waits for a secret that is not there yet, with nothing mounted', () =>
      inScene(stage(), { name: 'too-early', warnings: [/^FailedMount: .*SecretNotFound/s] }, async (scene) => {
        await scene.makeClass('early', { secrets: ['Early'] });
        await scene.makePod('waits', { classes: ['early'] });
        const told = await eventually('the pod is told', async () => {
          const warnings = (await scene.events()).filter(({ reason }) => reason === 'FailedMount');
          return warnings[0] === undefined ? { seen: 'no event' } : { found: warnings[0].message };
        });
        expect(told).toMatch(/^MountVolume\.SetUp failed for volume "early" : rpc error: code = \w+ desc = /);
        expect((await readNodeState(scene.stage.cluster)).mounts).toEqual([]);
        await scene.stage.setSecret('Early', 'value in the end');
        await scene.ready(['waits']);
        expect(await scene.files('waits', 'early')).toEqual({ Early: { content: 'value in the end', ...ROOTS } });
      }));

    it(
      'has its files in each of a hundred pods that start at once, for a few requests to Azure',
      { timeout: 300_000 },
      () =>
        inScene(stage(), { name: 'crowd', warnings: [NOT_SEEN_BOUND] }, async (scene) => {
          await scene.stage.setSecret('Shared', 'value that all share');
          await scene.makeClass('shared', { secrets: ['Shared'], annotations: NEVER_CHECKED });
          const before = (await scene.stage.audit()).length;
          await scene.apply({
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: 'crowd' },
            spec: {
              replicas: CROWD,
              selector: { matchLabels: { app: 'crowd' } },
              template: { metadata: { labels: { app: 'crowd' } }, spec: podSpec(scene.stage, { classes: ['shared'] }) },
            },
          });
          await scene.kubectl('rollout', 'status', 'deployment/crowd', '--timeout=240s');
          const asked = (await scene.stage.audit()).slice(before);
          const uids = new Set((await scene.pods()).map(({ metadata }) => metadata?.uid ?? ''));
          const { mounts } = await readNodeState(scene.stage.cluster);
          const contents = mounts
            .filter(({ podUid }) => uids.has(podUid))
            .map(({ path }) => readFileSync(join(path, 'Shared'), 'utf8'));
          expect(contents).toEqual(Array.from({ length: CROWD }, () => 'value that all share'));
          // An exchange and a read, and both again in each freshness window of half a minute.
          expect(Math.max(...Object.values(countsOf(asked))), JSON.stringify(countsOf(asked))).toBeLessThan(CROWD / 4);
          await scene.kubectl('delete', 'deployment', 'crowd', '--wait');
          await scene.kubectl('wait', '--for=delete', 'pod', '-l', 'app=crowd', '--timeout=120s');
        }),
    );
  });
}

/** How often each operation was asked for. */
function countsOf(records: readonly AuditRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operation } of records) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}
