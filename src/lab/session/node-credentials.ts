import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, type Clock, type Log } from '#base';
import type { Cluster } from '#lab/cluster';
import { writeFileAtomically } from './state-folder.ts';

/** Whose credentials, and where they are put. */
export interface NodeCredentialsOptions {
  readonly cluster: Pick<Cluster, 'api' | 'serviceAccountKubeconfig'>;
  readonly account: { readonly namespace: string; readonly name: string };
  /** A folder on a tmpfs: tokens never reach a disk. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Credentials that are kept fresh until they are disposed. */
export interface NodeCredentials extends AsyncDisposable {
  /** A kubeconfig that names the file of the token. */
  readonly kubeconfig: string;
  /** Puts a new token into the file now. */
  renew(): Promise<void>;
}

const YEAR_SECONDS = 365 * 24 * 60 * 60;
const RENEW_MS = 24 * 60 * 60 * 1000;
const RETRY_MS = 10_000;

/**
 * Writes what a process outside of any pod signs in to the API server with, and a new token every day, as kubelet renews
 * those of pods: a lab may live for long, in its own time at least.
 */
export async function startNodeCredentials(options: NodeCredentialsOptions): Promise<NodeCredentials> {
  const { cluster, account, folder, clock, log } = options;
  const kubeconfig = join(folder, 'kubeconfig');
  const tokenFile = join(folder, 'token');
  const stopping = new AbortController();

  const renew = async () => {
    const { token } = await cluster.api.createToken(account, { audiences: [], expirationSeconds: YEAR_SECONDS });
    await writeFileAtomically(tokenFile, token.expose());
  };
  const keepFresh = async () => {
    let waitMs = RENEW_MS;
    while (!stopping.signal.aborted) {
      await clock.sleep(waitMs, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      waitMs = RENEW_MS;
      await renew().catch((error: unknown) => {
        waitMs = RETRY_MS;
        log.warn('The token of the node process was not renewed', { error: errorText(error) });
      });
    }
  };

  await renew();
  await writeFile(kubeconfig, await cluster.serviceAccountKubeconfig({ ...account, tokenFile }), { mode: 0o600 });
  const running = keepFresh();
  return {
    kubeconfig,
    renew,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}
