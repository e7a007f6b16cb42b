import { az } from './az.ts';
import type { Client } from './client.ts';
import { kubectlAndHelm } from './kubectl-and-helm.ts';

/** Every client of the tier, the slowest first. */
export const CLIENTS: readonly Client[] = [az, kubectlAndHelm];
