import { IDENTITY_SCENES } from './scenes-identity.ts';
import type { Scene } from './scene.ts';

/** How every cause is made, by its id. */
export const SCENES: Readonly<Record<string, Scene>> = { ...IDENTITY_SCENES };
