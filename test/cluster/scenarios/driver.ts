/** The driver as the chart installs it: its pods and what they say. */
import type { Pod } from '#kube';
import type { Stage } from './stage.ts';

/** Where the driver is. */
export const DRIVER_NAMESPACE = 'kube-system';
const SELECTOR = 'app=secrets-store-csi-driver';

/** The driver's pods: one on a node. */
export async function driverPods(stage: Stage): Promise<readonly Pod[]> {
  return (await stage.getJson<{ items: Pod[] }>('pods', '-n', DRIVER_NAMESPACE, '-l', SELECTOR)).items;
}

/** All that the driver's pods have said since they were started. */
export async function driverLog(stage: Stage): Promise<string> {
  const logs = await Promise.all(
    (await driverPods(stage)).map(({ metadata }) =>
      stage.kubectl('logs', '-n', DRIVER_NAMESPACE, metadata?.name ?? '', '--all-containers'),
    ),
  );
  return logs.join('\n');
}

/** How often the containers of the driver's pods were started again: UID of the pod → count. */
export async function driverRestarts(stage: Stage): Promise<ReadonlyMap<string, number>> {
  return new Map(
    (await driverPods(stage)).map(({ metadata, status }) => [
      metadata?.uid ?? '',
      (status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0),
    ]),
  );
}
