/** Volumes whose secrets, classes or annotations change while their pods run. */
import { describe, expect, it } from 'vitest';
import type { SecretObject } from '#kube';
import { eventually } from '../../support/test-lab.ts';
import { NEVER_CHECKED } from './manifests.ts';
import { inScene, type Scene } from './scene.ts';
import type { Stage } from './stage.ts';

const annotate = (scene: Scene, kind: string, name: string, wish: string) =>
  scene.kubectl('annotate', kind, name, `secrets-store.csi.k8s.io/refresh=${wish}`, '--overwrite');

/** Tests of refreshes. */
export function refreshScenarios(stage: () => Stage): void {
  describe('a running pod', () => {
    it('gets a new version of a secret within the interval, as a file and in its Secret', () =>
      inScene(stage(), { name: 'refresh' }, async (scene) => {
        await scene.stage.setSecret('Turning', 'the first version');
        await scene.makeClass('turning', {
          secrets: ['Turning'],
          secretObjects: [{ secretName: 'copy', type: 'Opaque', data: [{ objectName: 'Turning', key: 'value' }] }],
        });
        await scene.makePod('reads', { classes: ['turning'] });
        await scene.ready(['reads']);
        expect(await scene.exec('reads', 'cat', '/mnt/turning/Turning')).toBe('the first version');
        await scene.stage.setSecret('Turning', 'the second version');
        await scene.fileBecomes('reads', '/mnt/turning/Turning', 'the second version');
        await eventually('the Secret has the second version', async () => {
          const { data } = await scene.getJson<SecretObject>('secret', 'copy');
          const seen = Buffer.from(data?.['value'] ?? '', 'base64').toString();
          return seen === 'the second version' ? { found: true } : { seen };
        });
        expect((await scene.events()).map(({ reason }) => reason)).toContain('MountRotationComplete');
      }));

    it.each(['pod', 'secretproviderclass'])('is refreshed at once when its %s is annotated', (kind) =>
      inScene(stage(), { name: `annotated-${kind}` }, async (scene) => {
        await scene.stage.setSecret('Wished', `first for a ${kind}`);
        await scene.makeClass('wished', { secrets: ['Wished'], annotations: NEVER_CHECKED });
        await scene.makePod('wished', { classes: ['wished'] });
        await scene.ready(['wished']);
        await scene.stage.setSecret('Wished', `second for a ${kind}`);
        await annotate(scene, kind, 'wished', 'now');
        await scene.fileBecomes('wished', '/mnt/wished/Wished', `second for a ${kind}`);
        expect(Object.keys(await scene.files('wished', 'wished'))).toEqual(['Wished']);
      }),
    );

    it('gets what its class asks for after an edit, and keeps no file that it asks for no more', () =>
      inScene(stage(), { name: 'class-edited' }, async (scene) => {
        await scene.stage.setSecret('Old', 'value of the old object');
        await scene.stage.setSecret('New', 'value of the new object');
        await scene.makeClass('edited', { secrets: ['Old'], annotations: NEVER_CHECKED });
        await scene.makePod('reads', { classes: ['edited'] });
        await scene.ready(['reads']);
        await scene.makeClass('edited', { secrets: [['New', 'new']], annotations: NEVER_CHECKED });
        await eventually('the files of the edited class', async () => {
          const seen = Object.keys(await scene.files('reads', 'edited'));
          return seen.join() === 'new' ? { found: true } : { seen: seen.join() };
        });
        expect((await scene.files('reads', 'edited'))['new']?.content).toBe('value of the new object');
      }));

    it('keeps its files while its secret cannot be read, is told so, and gets the new version afterwards', () =>
      inScene(
        stage(),
        { name: 'unreadable', warnings: [/^MountRotationFailed: .*SecretDisabled|disabled/s] },
        async (scene) => {
          const version = await scene.stage.setSecret('Sealed', 'value before the seal');
          await scene.makeClass('sealed', { secrets: ['Sealed'] });
          await scene.makePod('reads', { classes: ['sealed'] });
          await scene.ready(['reads']);
          const enable = (enabled: boolean) =>
            scene.stage.az(
              `keyvault secret set-attributes --vault-name kv-scenarios -n Sealed --version ${version} --enabled ${enabled}`,
            );
          await enable(false);
          await eventually('the pod is told', async () => {
            const reasons = (await scene.events()).map(({ reason }) => reason ?? '');
            return reasons.includes('MountRotationFailed') ? { found: true } : { seen: reasons.join() };
          });
          expect(await scene.exec('reads', 'cat', '/mnt/sealed/Sealed')).toBe('value before the seal');
          await scene.stage.setSecret('Sealed', 'value after the seal');
          await annotate(scene, 'pod', 'reads', 'after');
          await scene.fileBecomes('reads', '/mnt/sealed/Sealed', 'value after the seal');
        },
      ));
  });
}
