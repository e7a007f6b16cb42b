import { storeSection, type Json, type Store } from '#lab/store';
import { BUILT_IN_ROLES, type RoleDefinition } from './built-in-roles.ts';

/** The roles that can be assigned: the built-in ones, and those that people made. */
export interface RoleDefinitions {
  all(): readonly RoleDefinition[];
  /** By its GUID. */
  find(name: string): RoleDefinition | undefined;
  /** Stores a role that somebody made. */
  put(role: RoleDefinition): void;
  /** Forgets a role that somebody made; built-in ones stay. */
  remove(name: string): void;
}

/** Opens the {@link RoleDefinitions} in `store`. */
export function openRoleDefinitions(store: Store): RoleDefinitions {
  const section = storeSection(store, 'authorization/definitions/');
  const custom = new Map<string, RoleDefinition>(
    section.list('').map(({ key, value }) => [key, value as unknown as RoleDefinition]),
  );
  const builtIn = new Map(BUILT_IN_ROLES.map((role) => [role.name, role]));
  return {
    all: () => [...builtIn.values(), ...custom.values()],
    find: (name) => builtIn.get(name.toLowerCase()) ?? custom.get(name.toLowerCase()),
    put: (role) => {
      section.put(role.name.toLowerCase(), role as unknown as Json);
      custom.set(role.name.toLowerCase(), role);
    },
    remove: (name) => {
      section.delete(name.toLowerCase());
      custom.delete(name.toLowerCase());
    },
  };
}
