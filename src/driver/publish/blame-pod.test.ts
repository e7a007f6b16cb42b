import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { blamePod } from './blame-pod.ts';

const KUBELETS = { 'csi.storage.k8s.io/pod.name': 'web', secretProviderClass: 'db' };

function thrownBy(volumeContext: Record<string, string>, error: Error): Error {
  try {
    return blamePod(volumeContext)(error);
  } catch (thrown) {
    return thrown as Error;
  }
}

describe('what a provider refuses', () => {
  const refusal = new KeyferryError('invalid-input', 'keyvaultName is wrong', { hint: 'Mend it.', issues: [] });

  it('names the parameters that the pod gave itself, and never their values', () => {
    expect(thrownBy({ ...KUBELETS, keyvaultName: 'the-value', objects: 'array: []' }, refusal)).toMatchObject({
      code: 'invalid-input',
      message: refusal.message,
      hint: "Mend it. The pod's volumeAttributes give these parameters, in place of the class's: keyvaultName, objects.",
    });
  });

  it('is as it was where the pod gave none', () => {
    expect(thrownBy(KUBELETS, refusal)).toBe(refusal);
  });

  it('is as it was where the input is not to blame', () => {
    const refused = new KeyferryError('unauthenticated', 'AADSTS700213');
    expect(thrownBy({ ...KUBELETS, clientID: 'x' }, refused)).toBe(refused);
  });
});
