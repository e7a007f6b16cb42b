import { CLASS_SCENES } from './scenes-class.ts';
import { IDENTITY_SCENES } from './scenes-identity.ts';
import { KUBERNETES_SCENES } from './scenes-kubernetes.ts';
import { VAULT_SCENES } from './scenes-vault.ts';
import type { Scenes } from './scene.ts';

/** How every cause is made, by its id. */
export const SCENES: Scenes = {
  ...IDENTITY_SCENES,
  ...VAULT_SCENES,
  ...CLASS_SCENES,
  ...KUBERNETES_SCENES,
};
