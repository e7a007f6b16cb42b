/** Volumes from their mount to their end, without anything going wrong. */
import { describe, expect, it } from 'vitest';
import type { SecretObject } from '#kube';
import { readNodeState } from './node-state.ts';
import { inScene } from './scene.ts';
import type { Stage } from './stage.ts';

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
          expect(await scene.exec(pod, 'printenv', 'VALUE')).toBe('value to be synced');
        }
        await scene.removePods('first');
        const copy = await scene.getJson<SecretObject>('secret', 'copy');
        expect(Buffer.from(copy.data?.['value'] ?? '', 'base64').toString()).toBe('value to be synced');
        await scene.removePods('second');
        await scene.kubectl('wait', '--for=delete', 'secret/copy', '--timeout=60s');
      }));
  });
}
