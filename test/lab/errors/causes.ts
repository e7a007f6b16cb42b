import type { Cause } from './cause.ts';
import { IDENTITY_CAUSES } from './causes-identity.ts';

/** Every cause, in the order of the page. */
export const CAUSES: readonly Cause[] = [...IDENTITY_CAUSES];
