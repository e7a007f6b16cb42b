import { hostPaths } from '../cluster/components.ts';
import { foundIf, type Check } from './check.ts';

/** Classes that name a file of the provider's container. */
export const cloudFile: Check = {
  weight: 'mend first',
  meaning:
    "These classes describe their cloud by a file, which the provider reads in its own container. There it comes from a volume of the provider's DaemonSet; Keyferry's needs the same one.",
  mend: 'Give the volume to linux.volumes and linux.volumeMounts at the same path, and that folder to azure.cloudEnvFolders, so that classes can name no other file.',
  find: ({ classes, cluster }) => {
    const users = classes.filter(({ review }) => review?.cloudEnvFile !== undefined);
    if (users.length === 0) return undefined;
    const volumes = cluster.components
      .filter(({ role, os }) => role === 'azure-provider' && os === 'linux')
      .flatMap(({ at, container, daemonSet }) =>
        (container.volumeMounts ?? [])
          .filter(({ mountPath }) => users.some(({ review }) => review?.cloudEnvFile?.startsWith(`${mountPath}/`)))
          .map(({ name, mountPath }) => {
            const path = hostPaths(daemonSet).get(name);
            return `${at}: volume ${name} at ${mountPath}${path === undefined ? '' : `, which is ${path} of the node`}`;
          }),
      );
    return foundIf([...users.map(({ at, review }) => `${at}: cloudEnvFileName: ${review?.cloudEnvFile}`), ...volumes]);
  },
};
