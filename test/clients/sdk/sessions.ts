import { CREDENTIALS, credentialOf, type EnvironmentKind } from './credentials.ts';
import type { ExpectedFailure, Row } from './expectations.ts';
import { lifeOfASecret } from './life-of-a-secret.ts';
import type { Credential, Session } from './protocol.ts';
import { REFUSALS } from './refusals.ts';
import { LISTED_SECRETS, type Scene } from './scene.ts';

/** A client, what it does and what must come of it. `prefix` keeps the secrets of programs apart. */
export type PlanSession = (
  scene: Scene,
  prefix: string,
) => { readonly session: Session; readonly rows: readonly Row[] };

/** Sessions by their names, which say what they show. */
export type Sessions = Readonly<Record<string, PlanSession>>;

/** A client id that nobody in the lab has. */
const STRANGER = '00000000-aaaa-4bbb-8ccc-000000000001';

/**
 * What each SDK makes of IMDS's 400 "Identity not found" (their troubleshooting guides, section ManagedIdentityCredential): two
 * call it a credential that cannot be had here, two a failed sign-in.
 */
const UNASSIGNED: ExpectedFailure = {
  type: {
    javascript: 'CredentialUnavailableError',
    python: 'CredentialUnavailableError',
    go: 'AuthenticationFailedError',
    java: 'ClientAuthenticationException',
  },
};

/** Entra ID's refusals: one code in each SDK's message, in a type of its own. Java hands out that of its sign-in library. */
const UNAUTHENTICATED: ExpectedFailure['type'] = {
  javascript: 'AuthenticationRequiredError',
  python: 'ClientAuthenticationError',
  go: 'AuthenticationFailedError',
  java: 'MsalServiceException',
};

/** Every session that each language's program has in an environment, on the machine and in a pod. */
export const SESSIONS: Readonly<Record<EnvironmentKind, Sessions>> = {
  workload: {
    ...lives('workload'),

    'a list of two pages': (scene) => ({
      session: { vaultUrl: scene.listUrl, credential: { kind: 'default' } },
      rows: [{ id: 'list', operation: 'list', gives: { found: LISTED_SECRETS, pages: 2 } }],
    }),

    'what the vault refuses': (scene) => ({
      session: { vaultUrl: scene.vaultUrl, credential: { kind: 'default' } },
      rows: [
        { id: 'unknown name', operation: 'get', name: 'nobody', fails: REFUSALS.notFound },
        { id: 'unknown version', operation: 'get', name: 'nobody', version: '0'.repeat(32), fails: REFUSALS.notFound },
        { id: 'bad name', operation: 'set', name: 'under_score', value: 'x', fails: REFUSALS.badParameter },
        { id: 'delete unknown', operation: 'delete', name: 'nobody', fails: REFUSALS.notFound },
        { id: 'recover unknown', operation: 'recover', name: 'nobody', fails: REFUSALS.notFound },
        { id: 'restore nothing', operation: 'restore', from: 'nothing', fails: REFUSALS.badParameter },
      ],
    }),

    'a vault without a policy for it': (scene) => ({
      session: { vaultUrl: scene.closedUrl, credential: { kind: 'default' } },
      rows: [
        { id: 'get', operation: 'get', name: 'x', fails: REFUSALS.forbiddenGet },
        { id: 'set', operation: 'set', name: 'x', value: 'y', fails: REFUSALS.forbidden },
        { id: 'list', operation: 'list', fails: REFUSALS.forbiddenList },
      ],
    }),

    'a wrong client secret': unauthenticated('7000215', ({ tenantId, application }) => ({
      kind: 'client-secret',
      tenantId,
      clientId: application.clientId,
      clientSecret: 'not-this-one',
    })),

    'an unknown application': unauthenticated('700016', ({ tenantId, application }) => ({
      kind: 'client-secret',
      tenantId,
      clientId: STRANGER,
      clientSecret: application.clientSecret,
    })),
  },

  'mistaken-workload': {
    'a token for another audience': unauthenticated('700212', () => ({ kind: 'workload-identity' })),
  },

  // Of all of them only the person may do anything there.
  person: lives('person', (scene) => scene.closedUrl),

  node: {
    ...lives('node'),

    'an identity that the node does not have': (scene) => ({
      session: { vaultUrl: scene.vaultUrl, credential: { kind: 'managed-identity', clientId: STRANGER } },
      rows: [{ id: 'get', operation: 'get', name: 'x', fails: UNASSIGNED }],
    }),
  },
};

function lives(environment: EnvironmentKind, vaultOf = (scene: Scene) => scene.vaultUrl): Sessions {
  const kinds = Object.entries(CREDENTIALS).filter(([, environments]) =>
    environments.some((candidate) => candidate === environment),
  );
  return Object.fromEntries(
    kinds.map(([kind]): [string, PlanSession] => [
      `the life of a secret, by ${kind}`,
      (scene, prefix) => ({
        session: { vaultUrl: vaultOf(scene), credential: credentialOf(kind as Credential['kind'], scene) },
        rows: lifeOfASecret(`${prefix}-${environment}-${kind}`, vaultOf(scene)),
      }),
    ]),
  );
}

function unauthenticated(aadsts: string, credential: (scene: Scene) => Credential): PlanSession {
  const fails: ExpectedFailure = { type: UNAUTHENTICATED, aadsts: [`AADSTS${aadsts}`] };
  return (scene) => ({
    session: { vaultUrl: scene.vaultUrl, credential: credential(scene) },
    rows: [{ id: 'get', operation: 'get', name: 'x', fails }],
  });
}
