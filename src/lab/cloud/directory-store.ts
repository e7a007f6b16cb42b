import * as z from 'zod';
import { KeyferryError, type Random, type Secret } from '#base';
import type { Json, Store } from '#lab/store';
import { createClientSecret } from './client-secret.ts';
import type { Application, Directory, Group, Principal, Subscription, Tenant } from './directory.ts';
import { createGroups, type Groups } from './groups.ts';

/** An application that was just made: the only moment at which its secret is known. */
export interface NewApplication {
  readonly clientId: string;
  readonly objectId: string;
  readonly secret: Secret<string>;
}

/** The lab's directory, with what only the lab itself may do to it. */
export interface LabDirectory extends Directory {
  /** Makes an application with a service principal and one client secret, as `az ad sp create-for-rbac` does. */
  createApplication(request: { readonly displayName: string }): NewApplication;
}

const homeSchema = z.object({
  tenant: z.object({ tenantId: z.string(), displayName: z.string(), defaultDomain: z.string() }),
  subscription: z.object({ subscriptionId: z.string(), displayName: z.string() }),
  userObjectId: z.string(),
});

type Home = z.infer<typeof homeSchema>;

const HOME_KEY = 'directory/home';
const PRINCIPAL_PREFIX = 'directory/principals/';
const APPLICATION_PREFIX = 'directory/applications/';
const GROUP_PREFIX = 'directory/groups/';

/** Opens the directory that `store` holds; an empty store gets a tenant, a subscription and a user first. */
export function openDirectory(store: Store, random: Random): LabDirectory {
  const home = homeSchema.parse(store.get(HOME_KEY) ?? seed(store, random));
  const applications = openApplications(store);
  const byObjectId = new Map<string, Principal>();
  const byClientId = new Map<string, Principal>();
  const index = (principal: Principal) => {
    byObjectId.set(fold(principal.objectId), principal);
    if (principal.clientId !== undefined) byClientId.set(fold(principal.clientId), principal);
  };
  const unindex = (objectId: string) => {
    const principal = byObjectId.get(fold(objectId));
    byObjectId.delete(fold(objectId));
    if (principal?.clientId !== undefined) byClientId.delete(fold(principal.clientId));
  };
  for (const { value } of store.list(PRINCIPAL_PREFIX)) index(value as unknown as Principal);

  const put = (principal: Principal) => {
    store.put(principalKey(principal.objectId), principal as unknown as Json);
    unindex(principal.objectId);
    index(principal);
  };
  return {
    tenant: home.tenant satisfies Tenant,
    subscription: home.subscription satisfies Subscription,
    get user() {
      const user = byObjectId.get(fold(home.userObjectId));
      if (user === undefined) throw new KeyferryError('internal', 'the user of the lab is missing from its directory');
      return user;
    },
    principals: () => [...byObjectId.values()],
    byClientId: (clientId) => byClientId.get(fold(clientId)),
    byObjectId: (objectId) => byObjectId.get(fold(objectId)),
    put,
    remove: (objectId) => {
      if (fold(objectId) === fold(home.userObjectId)) {
        throw new KeyferryError('invalid-input', 'the signed-in user of the lab cannot be removed');
      }
      store.delete(principalKey(objectId));
      unindex(objectId);
    },
    ...applications,
    ...openGroups(store),
    createApplication: ({ displayName }) => {
      const { text, kept } = createClientSecret(random, {});
      const [clientId, objectId] = [random.uuid(), random.uuid()];
      applications.putApplication({
        objectId: random.uuid(),
        clientId,
        displayName,
        identifierUris: [],
        secrets: [kept],
        certificates: [],
        federatedCredentials: [],
        properties: {},
      });
      put({ type: 'Application', objectId, clientId, displayName, secrets: [], federatedCredentials: [] });
      return { clientId, objectId, secret: text };
    },
  };
}

type Applications = Pick<
  Directory,
  'applications' | 'applicationByObjectId' | 'applicationByClientId' | 'putApplication' | 'removeApplication'
>;

function openApplications(store: Store): Applications {
  const byObjectId = new Map<string, Application>();
  for (const { value } of store.list(APPLICATION_PREFIX)) {
    const application = value as unknown as Application;
    byObjectId.set(fold(application.objectId), application);
  }
  return {
    applications: () => [...byObjectId.values()],
    applicationByObjectId: (objectId) => byObjectId.get(fold(objectId)),
    applicationByClientId: (clientId) =>
      [...byObjectId.values()].find((application) => fold(application.clientId) === fold(clientId)),
    putApplication: (application) => {
      store.put(`${APPLICATION_PREFIX}${fold(application.objectId)}`, application as unknown as Json);
      byObjectId.set(fold(application.objectId), application);
    },
    removeApplication: (objectId) => {
      store.delete(`${APPLICATION_PREFIX}${fold(objectId)}`);
      byObjectId.delete(fold(objectId));
    },
  };
}

function openGroups(store: Store): Groups {
  const key = (objectId: string) => `${GROUP_PREFIX}${fold(objectId)}`;
  return createGroups(
    store.list(GROUP_PREFIX).map(({ value }) => value as unknown as Group),
    (objectId, group) =>
      group === undefined ? store.delete(key(objectId)) : store.put(key(objectId), group as unknown as Json),
  );
}

function seed(store: Store, random: Random): Home {
  const defaultDomain = 'keyferrylab.onmicrosoft.com';
  const user: Principal = {
    type: 'User',
    objectId: random.uuid(),
    displayName: 'Lab User',
    userPrincipalName: `user@${defaultDomain}`,
    secrets: [],
    federatedCredentials: [],
  };
  const home: Home = {
    tenant: { tenantId: random.uuid(), displayName: 'Keyferry Lab', defaultDomain },
    subscription: { subscriptionId: random.uuid(), displayName: 'Keyferry Lab' },
    userObjectId: user.objectId,
  };
  store.write([
    { key: HOME_KEY, value: home },
    { key: principalKey(user.objectId), value: user as unknown as Json },
  ]);
  return home;
}

function principalKey(objectId: string): string {
  return `${PRINCIPAL_PREFIX}${fold(objectId)}`;
}

/** Ids are GUIDs: their case has no meaning. */
function fold(id: string): string {
  return id.toLowerCase();
}
