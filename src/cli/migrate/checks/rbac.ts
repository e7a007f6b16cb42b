import { originText, originOf } from '../cluster/components.ts';
import { foundIf, type Check } from './check.ts';

/** Roles whose names are Keyferry's too, and roles that fall away. */
const NEEDLESS = ['secretproviderrotation-role', 'secretprovidertokenrequest-role'];

/** What the driver may do. */
export const rbac: Check = {
  weight: 'good to know',
  meaning:
    "Upstream's ClusterRoles have the names of Keyferry's, which may do less: Secrets are read, made and patched, never listed, watched or deleted. Roles for rotation and token requests are not needed.",
  mend: 'Nothing. Bindings of your own to these roles keep working; whoever relied on one to list Secrets needs a role of their own.',
  find: ({ cluster: { roles } }) =>
    foundIf(
      (roles ?? []).map((role) => {
        const { name } = role.metadata;
        return `ClusterRole ${name}: of ${originText(originOf(role))}${NEEDLESS.includes(name) ? ', not needed any more' : ''}`;
      }),
    ),
};
