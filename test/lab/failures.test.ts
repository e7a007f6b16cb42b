import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES, type KubeClient } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  warnings,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const VAULT = 'kv-failures';
const NOBODY = '11111111-2222-4333-8444-555555555555';

/** What a case is made with; each case has a service account, an identity and a pod of its own name. */
interface Setting {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly clientId: string;
  readonly principalId: string;
}

/** One thing that is wrong, what the pod's events must say, and the mend. */
interface Case {
  readonly name: string;
  readonly says: RegExp;
  /** The federated identity credential as it is made at first; `null` for none. */
  readonly credential?: (setting: Setting) => { issuer?: string; subject?: string; audience?: string } | null;
  readonly tenantId?: string;
  readonly clientId?: string;
  readonly secret?: string;
  readonly policy?: (setting: Setting) => string | null;
  readonly mend: (lab: TestLab, setting: Setting, client: KubeClient) => Promise<unknown>;
}

const putCredential = (lab: TestLab, { name, issuer, subject }: Setting, audience = 'api://AzureADTokenExchange') =>
  lab.az(
    `az identity federated-credential create -g g --identity-name ${name} -n federated --issuer ${issuer} --subject ${subject} --audiences ${audience}`,
  );
const updateCredential = (lab: TestLab, { name, issuer, subject }: Setting) =>
  lab.az(
    `az identity federated-credential update -g g --identity-name ${name} -n federated --issuer ${issuer} --subject ${subject} --audiences api://AzureADTokenExchange`,
  );
const setParameter = (client: KubeClient, { name }: Setting, parameters: Record<string, string>) =>
  client.patch(
    SECRET_CLASS_RESOURCES.classes,
    { namespace: 'default', name },
    { type: 'merge', body: { spec: { parameters } } },
  );

const CASES: readonly Case[] = [
  {
    name: 'no-credential',
    says: /AADSTS70025: .*no configured federated identity credentials/,
    credential: () => null,
    mend: (lab, setting) => putCredential(lab, setting),
  },
  {
    name: 'other-subject',
    says: /AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:default:other-subject'/,
    credential: ({ subject }) => ({ subject: `${subject.slice(0, -1)}x` }),
    mend: updateCredential,
  },
  {
    name: 'subject-case',
    says: /AADSTS7002138: /,
    credential: ({ subject }) => ({ subject: subject.replace('subject', 'Subject') }),
    mend: updateCredential,
  },
  {
    name: 'issuer-slash',
    says: /AADSTS700211: No matching federated identity record found for presented assertion issuer 'https:/,
    credential: ({ issuer }) => ({ issuer: issuer.slice(0, -1) }),
    mend: updateCredential,
  },
  {
    name: 'other-audience',
    says: /AADSTS700212: .*audience 'api:\/\/AzureADTokenExchange'/,
    credential: () => ({ audience: 'api://SomethingElse' }),
    mend: updateCredential,
  },
  {
    name: 'unknown-tenant',
    says: /AADSTS90002: Tenant '11111111-2222-4333-8444-555555555555' not found/,
    tenantId: NOBODY,
    mend: async (lab, setting, client) =>
      setParameter(client, setting, { tenantID: await lab.az('az account show --query tenantId -o tsv') }),
  },
  {
    name: 'unknown-client',
    says: /AADSTS700016: Application with identifier '11111111-2222-4333-8444-555555555555' was not found/,
    clientId: NOBODY,
    mend: (_lab, setting, client) => setParameter(client, setting, { clientID: setting.clientId }),
  },
  {
    name: 'no-policy',
    says: /does not have secrets get permission on key vault 'kv-failures/,
    policy: () => null,
    mend: (lab, { principalId }) =>
      lab.az(`az keyvault set-policy -n ${VAULT} --object-id ${principalId} --secret-permissions get`),
  },
  {
    name: 'policy-for-client-id',
    says: /does not have secrets get permission on key vault 'kv-failures/,
    policy: ({ clientId }) => clientId,
    mend: (lab, { principalId }) =>
      lab.az(`az keyvault set-policy -n ${VAULT} --object-id ${principalId} --secret-permissions get`),
  },
  {
    name: 'missing-secret',
    says: /SecretNotFound.*Later was not found in this key vault|Later was not found in this key vault/,
    secret: 'Later',
    mend: (lab) => lab.az(`az keyvault secret set --vault-name ${VAULT} -n Later --value v`),
  },
  {
    name: 'disabled-secret',
    says: /Operation get is not allowed on a disabled secret/,
    secret: 'Disabled',
    mend: (lab) => lab.az(`az keyvault secret set-attributes --vault-name ${VAULT} -n Disabled --enabled true`),
  },
];

describe('a pod whose secret cannot be read', () => {
  let lab: TestLab;
  let cluster: TestCluster;

  beforeAll(async () => {
    lab = await startTestLab();
    cluster = await makeCluster(lab);
    await lab.az(`az keyvault create -n ${VAULT} -g g`);
    await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Fine --value v`);
    await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Disabled --value v`);
    await lab.az(`az keyvault secret set-attributes --vault-name ${VAULT} -n Disabled --enabled false`);
  }, 60_000);
  afterAll(async () => {
    cluster?.[Symbol.dispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  const make = async (row: Case): Promise<Setting> => {
    const { client, issuer, tenantId } = cluster;
    const identity = JSON.parse(await lab.az(`az identity create -g g -n ${row.name}`)) as Record<string, string>;
    const setting: Setting = {
      name: row.name,
      issuer,
      subject: `system:serviceaccount:default:${row.name}`,
      clientId: identity['clientId'] ?? '',
      principalId: identity['principalId'] ?? '',
    };
    const credential = row.credential === undefined ? {} : row.credential(setting);
    if (credential !== null) {
      await putCredential(lab, { ...setting, ...credential }, credential.audience);
    }
    const objectId = row.policy === undefined ? setting.principalId : row.policy(setting);
    if (objectId !== null) {
      await lab.az(`az keyvault set-policy -n ${VAULT} --object-id ${objectId} --secret-permissions get`);
    }
    await client.create(RESOURCES.serviceaccounts, 'default', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: row.name },
    });
    const spc = secretProviderClass({
      name: row.name,
      clientId: row.clientId ?? setting.clientId,
      tenantId: row.tenantId ?? tenantId,
      vault: VAULT,
      secrets: [row.secret ?? 'Fine'],
    });
    await client.create(SECRET_CLASS_RESOURCES.classes, 'default', spc);
    await client.create(RESOURCES.pods, 'default', podWithClass(row.name, row.name, row.name));
    return setting;
  };

  it.each(CASES)(
    '$name: its events name the cause, and it starts by itself once that is mended',
    async (row) => {
      const setting = await make(row);
      await eventually(`${row.name}: an event that says ${String(row.says)}`, async () => {
        const texts = await warnings(cluster.client, row.name);
        return texts.some((text) => text.startsWith('FailedMount: ') && row.says.test(text))
          ? { found: true }
          : { seen: texts.join('\n') };
      });
      await row.mend(lab, setting, cluster.client);
      const pod = await podReady(cluster.client, row.name);
      expect(pod.status?.phase).toBe('Running');
    },
    60_000,
  );
});
