import { az } from './az.ts';
import { azureSdkGo } from './azure-sdk-go.ts';
import { azureSdkJava } from './azure-sdk-java.ts';
import { azureSdkPython } from './azure-sdk-python.ts';
import type { Client } from './client.ts';
import { kubectlAndHelm } from './kubectl-and-helm.ts';

/** Every client of the tier, the slowest first. */
export const CLIENTS: readonly Client[] = [az, azureSdkGo, azureSdkJava, azureSdkPython, kubectlAndHelm];
