import { IDENTITY_SCENES } from './scenes-identity.ts';
import type { Scenes } from './scene.ts';

/** How every cause is made, by its id. */
export const SCENES: Scenes = { ...IDENTITY_SCENES };
