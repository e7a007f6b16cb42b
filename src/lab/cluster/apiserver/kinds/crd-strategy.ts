import type { Strategy } from './kind.ts';

/** CustomResourceDefinitions. */
export const crdStrategy: Strategy = {};
