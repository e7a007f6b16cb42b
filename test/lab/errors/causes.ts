import type { Cause } from './cause.ts';
import { CLASS_CAUSES } from './causes-class.ts';
import { IDENTITY_CAUSES } from './causes-identity.ts';
import { KUBERNETES_CAUSES } from './causes-kubernetes.ts';
import { VAULT_CAUSES } from './causes-vault.ts';

/** Every cause, in the order of the page. */
export const CAUSES: readonly Cause[] = [...IDENTITY_CAUSES, ...VAULT_CAUSES, ...CLASS_CAUSES, ...KUBERNETES_CAUSES];
