import { KeyferryError } from '#base';
import { tellParametersOfPod } from '#secretclass';

/**
 * Rethrows what a provider refused. It sees the class's parameters and the pod's as one, so it says that the class is wrong
 * also where the pod is: then the names of the pod's own are part of what helps.
 */
export function blamePod(volumeContext: Readonly<Record<string, string>>): (error: unknown) => never {
  return (error) => {
    const names = tellParametersOfPod(volumeContext);
    if (names === undefined || !(error instanceof KeyferryError) || error.code !== 'invalid-input') throw error;
    const ofPod = `The pod's volumeAttributes give these parameters, in place of the class's: ${names}.`;
    throw new KeyferryError(error.code, error.message, {
      cause: error.cause,
      issues: error.issues,
      hint: error.hint === undefined ? ofPod : `${error.hint} ${ofPod}`,
    });
  };
}
