import { az } from './az.ts';
import { azureSdkGo } from './azure-sdk-go.ts';
import { azureSdkJava } from './azure-sdk-java.ts';
import type { Client } from './client.ts';
import { csiGo } from './csi-go.ts';
import { csiSanity } from './csi-sanity.ts';
import { kubectlAndHelm } from './kubectl-and-helm.ts';
import { kubernetesGo } from './kubernetes-go.ts';
import { pkcs12Go } from './pkcs12-go.ts';
import { azureSdkPython, kubernetesPython, pkcs12Python } from './python-libraries.ts';
import { upstreamNode } from './upstream-node.ts';

/** Every client of the tier, the slowest first. */
export const CLIENTS: readonly Client[] = [
  upstreamNode,
  kubernetesGo,
  az,
  azureSdkGo,
  azureSdkPython,
  kubernetesPython,
  csiSanity,
  csiGo,
  azureSdkJava,
  pkcs12Python,
  pkcs12Go,
  kubectlAndHelm,
];
