import { describe, expect, it } from 'vitest';
import { refuseParametersOfPod } from './attributes.ts';

const OF_KUBELET = { 'csi.storage.k8s.io/pod.name': 'web', 'csi.storage.k8s.io/ephemeral': 'true' };

describe('a node that takes no parameters from pods', () => {
  it('takes what names the class and the provider, and what kubelet says', () => {
    const context = { ...OF_KUBELET, secretProviderClass: 'db', providerName: 'azure' };
    expect(() => refuseParametersOfPod(context, 'shop', 'db')).not.toThrow();
  });

  it.each(['keyvaultName', 'clientID', 'objects', 'notAParameter', 'SecretProviderClass', '__proto__'])(
    'refuses %s by its name, without its value',
    (name) => {
      const context = Object.fromEntries([
        ...Object.entries(OF_KUBELET),
        [name, 'the value'],
        ['secretProviderClass', 'db'],
      ]);
      let refused: unknown;
      try {
        refuseParametersOfPod(context, 'shop', 'db');
      } catch (error) {
        refused = error;
      }
      expect(refused).toMatchObject({
        code: 'permission-denied',
        message: `volumeAttributes of the pod give parameters, which is forbidden on this node: ${name}`,
        hint: expect.stringContaining('shop/db'),
      });
      expect(JSON.stringify(refused)).not.toContain('the value');
    },
  );

  it('names some of very many, each cut', () => {
    const context = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`${index}-${'x'.repeat(5_000)}`, '']),
    );
    expect(() => refuseParametersOfPod(context, 'shop', 'db')).toThrow(/^.{60,700}492 more$/);
  });
});
