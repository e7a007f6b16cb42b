import { recordOf } from '../json.ts';
import type { Target } from '../operations/context.ts';
import type { ServeContext } from './context.ts';

const ACCOUNTS = { group: '', resource: 'serviceaccounts' };
const NAMESPACES = { group: '', resource: 'namespaces' };
const DEFAULT = 'default';
// kube-apiserver's ServiceAccount admission: ten looks, 100 to 200 ms apart, and for this account only.
const WAITS = 9;
const WAIT_MS = 150;

/**
 * A pod that follows its namespace in one manifest comes before the controller has made the namespace's account `default`:
 * waits for it a moment. Where it does not come, admission says so.
 */
export async function waitForDefaultAccount(
  { api, stopping }: Pick<ServeContext, 'api' | 'stopping'>,
  { kind, namespace, subresource }: Target,
  body: unknown,
): Promise<void> {
  if (kind.group !== '' || kind.resource !== 'pods' || subresource !== undefined || namespace === undefined) return;
  const asked = recordOf(recordOf(body)['spec'])['serviceAccountName'];
  if (asked !== undefined && asked !== '' && asked !== DEFAULT) return;
  if (api.storage.get(NAMESPACES, undefined, namespace) === undefined) return;
  for (let waits = 0; waits < WAITS && api.storage.get(ACCOUNTS, namespace, DEFAULT) === undefined; waits += 1) {
    await api.clock.sleep(WAIT_MS, { signal: stopping });
  }
}
