import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAzLab, type AzLab } from '../../integration/support/az-lab.ts';
import { describeWithClients } from '../support/clients.ts';
import { realAzEnvironment, run, type Ended } from './real-az.ts';

interface Row {
  readonly does: string;
  /** Runs in a shell; `$APP` is the client id of the table's application. */
  readonly line: string;
  /** All of the output, or a part of the output and the messages. */
  readonly seen: string | RegExp;
  readonly code?: number;
}

/** Rows follow on each other. What az answers with 3 is something that is not there. */
const ROWS: readonly Row[] = [
  {
    does: 'shows an application by its client id',
    line: "az ad app show --id $APP --query '[displayName, signInAudience]' -o tsv",
    seen: 'web\nAzureADMyOrg',
  },
  {
    does: 'changes it, and finds it by its identifier URI',
    line:
      'az ad app update --id $APP --identifier-uris api://web --web-redirect-uris https://web.example/back && ' +
      "az ad app show --id api://web --query '[appId, web.redirectUris[0]] | [1]' -o tsv",
    seen: 'https://web.example/back',
  },
  {
    does: 'lists by the beginning of a name',
    line: "az ad app list --display-name we --query '[].displayName' -o tsv",
    seen: 'web',
  },
  {
    does: 'gives no token to an application alone',
    line: 'az login --service-principal -u $APP -p x --tenant $TENANT',
    seen: /AADSTS7000229: The client application .* is missing service principal/,
    code: 1,
  },
  {
    does: 'makes its service principal',
    line: 'az ad sp create --id $APP --query servicePrincipalType -o tsv',
    seen: 'Application',
  },
  {
    does: 'makes one service principal only',
    line: 'az ad sp create --id $APP',
    seen: /the service principal name .* is already in use/,
    code: 1,
  },
  {
    does: 'replaces its secrets',
    line:
      'az ad app credential reset --id $APP --display-name first -o none 2>/dev/null && ' +
      'az ad app credential reset --id $APP -o none 2>/dev/null && ' +
      "az ad app credential list --id $APP --query 'length(@)' -o tsv",
    seen: '1',
  },
  {
    does: 'keeps a secret beside a new one with --append',
    line:
      'az ad app credential reset --id $APP --append --display-name second -o none 2>/dev/null && ' +
      "az ad app credential list --id $APP --query '[].[displayName]' -o tsv",
    seen: 'None\nsecond',
  },
  {
    does: 'takes a secret away',
    line:
      "az ad app credential delete --id $APP --key-id $(az ad app credential list --id $APP --query '[0].keyId' -o tsv) && " +
      "az ad app credential list --id $APP --query '[].displayName' -o tsv",
    seen: 'second',
  },
  {
    does: 'registers a certificate, and shows it by its thumbprint',
    line:
      'az ad app credential reset --id $APP --create-cert --append -o none 2>/dev/null && ' +
      "az ad app credential list --id $APP --cert --query '[].[length(customKeyIdentifier), type]' -o tsv",
    seen: '40\tAsymmetricX509Cert',
  },
  {
    does: 'gives the service principal a secret of its own',
    line:
      'az ad sp credential reset --id $APP -o none 2>/dev/null && ' +
      "az ad sp credential list --id $APP --query 'length(@)' -o tsv",
    seen: '1',
  },
  {
    does: 'refuses a federated credential whose name has less than three letters',
    line:
      'az ad app federated-credential create --id $APP --query name -o tsv --parameters ' +
      `'{"name":"ci","issuer":"https://issuer.example","subject":"ci","audiences":["api://AzureADTokenExchange"]}'`,
    seen: /is invalid|has 3 to 120/,
    code: 1,
  },
  {
    does: 'makes a federated credential',
    line:
      'az ad app federated-credential create --id $APP --query name -o tsv --parameters ' +
      `'{"name":"ci-main","issuer":"https://issuer.example","subject":"ci","audiences":["api://AzureADTokenExchange"]}'`,
    seen: 'ci-main',
  },
  {
    does: 'does not make it twice',
    line:
      'az ad app federated-credential create --id $APP --parameters ' +
      `'{"name":"ci-main","issuer":"https://other.example","subject":"ci","audiences":["api://AzureADTokenExchange"]}'`,
    seen: /FederatedIdentityCredential with name ci-main already exists\./,
    code: 1,
  },
  {
    does: 'changes it in part',
    line:
      `az ad app federated-credential update --id $APP --federated-credential-id ci-main --parameters '{"subject":"cd"}' && ` +
      "az ad app federated-credential show --id $APP --federated-credential-id ci-main --query '[issuer, subject]' -o tsv",
    seen: 'https://issuer.example\ncd',
  },
  {
    does: 'deletes it',
    line:
      'az ad app federated-credential delete --id $APP --federated-credential-id ci-main && ' +
      'az ad app federated-credential list --id $APP',
    seen: '[]',
  },
  {
    does: 'deletes the service principal, and lets the application be',
    line: 'az ad sp delete --id $APP && az ad app show --id $APP --query displayName -o tsv',
    seen: 'web',
  },
  {
    does: 'does not find what was deleted',
    line: 'az ad sp show --id $APP',
    seen: /does not exist or one of its queried reference-property objects are not present/,
    code: 3,
  },
  {
    does: 'deletes the application',
    line: 'az ad app delete --id $APP && az ad app list --display-name web',
    seen: '[]',
  },
  {
    does: 'makes a group with a member',
    line:
      'az ad group create --display-name team --mail-nickname team -o none && ' +
      'az ad group member add --group team --member-id $(az ad signed-in-user show --query id -o tsv) && ' +
      "az ad group member list --group team --query '[].displayName' -o tsv",
    seen: 'Lab User',
  },
  {
    does: 'tells whose member somebody is',
    line: "az ad user get-member-groups --id $(az account show --query user.name -o tsv) --query '[].displayName' -o tsv",
    seen: 'team',
  },
  {
    does: 'shows who is signed in',
    line: "az ad signed-in-user show --query 'ends_with(userPrincipalName, `.onmicrosoft.com`)' -o tsv",
    seen: 'true',
  },
  {
    does: 'finds a user by name',
    line: 'az ad user show --id $(az account show --query user.name -o tsv) --query displayName -o tsv',
    seen: 'Lab User',
  },
  { does: 'does not find another', line: 'az ad user show --id nobody@example.com', seen: /does not exist/, code: 3 },
];

describeWithClients('applications with the real az', ['az'], () => {
  let lab: AzLab;
  let env: Record<string, string>;

  const bash = (line: string): Promise<Ended> => run('bash', ['-c', line], { cwd: lab.home, env });

  beforeAll(async () => {
    lab = await startAzLab();
    env = { ...realAzEnvironment(lab), TENANT: lab.cloud.directory.tenant.tenantId };
    const made = await bash('az ad app create --display-name web --query appId -o tsv');
    env['APP'] = made.stdout.trim();
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it.each(ROWS)('$does', async ({ line, seen, code = 0 }) => {
    const ended = await bash(line);
    const isWhole = typeof seen === 'string';
    const told = isWhole ? ended.stdout.trim() : ended.stdout + ended.stderr;
    expect(told).toMatch(isWhole ? new RegExp(`^${seen.replace(/[[\]\\.]/g, '\\$&')}$`) : seen);
    expect(ended.code).toBe(code);
  });
});
