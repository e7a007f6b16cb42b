import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorText } from '#base';
import { azOutput } from '../../support/test-lab.ts';
import type { Stage } from './scene.ts';

/** A token of the stage's service account for Entra ID, good for ten minutes. */
export async function tokenOf({ cluster, namespace, name, credential }: Stage): Promise<string> {
  const request = { audiences: [credential.audience], expirationSeconds: 600 };
  return (await cluster.client.createToken({ namespace, name }, request)).token.expose();
}

/** Signs az in with `token`, in a configuration that is forgotten; answers what it said when it failed, else nothing. */
export async function signIn({ lab, cluster, clientId }: Stage, token: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-az-'));
  try {
    await azOutput(
      `az login --service-principal -u ${clientId} -t ${cluster.tenantId} --federated-token ${token} --allow-no-subscriptions -o none`,
      { ...lab.env, AZURE_CONFIG_DIR: folder },
    );
    return '';
  } catch (error) {
    return errorText(error).replaceAll(token, '<token>');
  } finally {
    await rm(folder, { recursive: true });
  }
}
