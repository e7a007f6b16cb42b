import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createDisposeStack, systemClock, systemRandom } from '#base';
import { createCertificateAuthority } from '#crypto';
import { startHttpServer } from '#http';
import { packageRoot, type LabStatus } from '#lab/session';
import { createPerson, type Person } from '../support/keyferry.ts';
import { azOutput } from '../support/test-lab.ts';
import { tracesOf } from '../support/traces.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const SUBJECT = 'system:serviceaccount:default:web';

/** An address by which others reach this machine. */
const address = Object.values(networkInterfaces())
  .flatMap((entries) => entries ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

const READ_SECRET = `
  import { WorkloadIdentityCredential } from '@azure/identity';
  import { SecretClient } from '@azure/keyvault-secrets';
  const client = new SecretClient('https://kv-kind.vault.azure.net', new WorkloadIdentityCredential());
  console.log(await client.getSecret('db').then(({ value }) => value, ({ message }) => message));
`;

/** What docs/kind.md has people type to make a vault, an identity and its trust. */
function azOfThePage(): string {
  const page = readFileSync(join(packageRoot(), 'docs', 'kind.md'), 'utf8');
  const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, text = '']) => text);
  const block = blocks.find((text) => text.includes('az group create')) ?? '';
  return block.replace(/^eval .*\n/m, '');
}

/** An API server as far as Entra ID sees it: its own authority, a discovery document that names an address of the cluster's. */
async function startIssuer() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const documents: Record<string, object> = {
    '/.well-known/openid-configuration': { issuer: ISSUER, jwks_uri: 'https://172.18.0.2:6443/openid/v1/jwks' },
    '/openid/v1/jwks': { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }] },
  };
  const authority = await createCertificateAuthority('cluster', { clock: systemClock, random: systemRandom });
  const { keyPem, certPem } = await authority.issueServer({ dnsNames: ['localhost'] });
  const server = await startHttpServer({
    tls: { key: keyPem, cert: certPem },
    graceMs: 10,
    listener: (message, response) => {
      const document = documents[message.url ?? ''];
      response.writeHead(document === undefined ? 404 : 200).end(JSON.stringify(document));
    },
  });
  return {
    url: `https://localhost:${server.port}`,
    caPem: authority.pair.certPem,
    sign: (issuer: string, subject: string) =>
      new SignJWT({ iss: issuer, sub: subject, aud: ['api://AzureADTokenExchange'] })
        .setProtectedHeader({ alg: 'RS256', kid })
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

interface Values {
  readonly extraEnv: readonly { readonly name: string; readonly value: string }[];
  readonly caBundle: string;
}

// Needs an interface beyond loopback, as a machine with a cluster beside it has.
describe.skipIf(address === undefined)("Azure's side for a cluster outside", () => {
  const stack = createDisposeStack();
  let person: Person;
  let issuer: Awaited<ReturnType<typeof startIssuer>>;
  let values: Values;
  let printed: string;
  let read: (issuerName: string, subject: string) => Promise<string>;
  const state = () => ['--state', join(person.home, 'lab')];
  const options = () =>
    [
      ['--cloud-only', '--detach', '--print-values'],
      ['--listen', address ?? ''],
      ['--issuer-map', `${ISSUER}=${issuer.url}`],
      ['--issuer-ca', `${ISSUER}=${join(person.home, 'ca.crt')}`],
    ].flat();

  beforeAll(async () => {
    person = stack.use(await createPerson());
    issuer = stack.use(await startIssuer());
    await writeFile(join(person.home, 'ca.crt'), issuer.caPem);
    const up = await person.keyferry('lab', 'up', ...state(), ...options());
    if (up.exitCode !== 0) throw new Error(`the lab did not start: ${up.err}`);
    stack.defer(async () => {
      await person.keyferry('lab', 'down', ...state());
    });
    printed = up.out;
    values = parse(printed) as Values;

    const env = JSON.parse(
      (await person.keyferry('lab', 'env', ...state(), '--az', 'builtin', '--output', 'json')).out,
    ) as Record<string, string>;
    await promisify(execFile)('sh', ['-e', '-c', azOfThePage()], { env });
    const az = (command: string) => azOutput(command, env);
    await az(
      'az identity federated-credential create -g demo --identity-name reader -n unmapped ' +
        `--issuer https://unmapped.example --subject ${SUBJECT} --audiences api://AzureADTokenExchange`,
    );
    const clientId = await az('az identity show -g demo -n reader --query clientId -o tsv');
    const tenantId = await az('az account show --query tenantId -o tsv');

    const caFile = join(person.home, 'lab-ca.crt');
    await writeFile(caFile, values.caBundle);
    read = async (issuerName, subject) => {
      const tokenFile = join(person.home, 'token');
      await writeFile(tokenFile, await issuer.sign(issuerName, subject));
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', READ_SECRET], {
        cwd: packageRoot(),
        env: {
          ...Object.fromEntries(values.extraEnv.map(({ name, value }) => [name, value])),
          NODE_EXTRA_CA_CERTS: caFile,
          AZURE_TENANT_ID: tenantId,
          AZURE_CLIENT_ID: clientId,
          AZURE_FEDERATED_TOKEN_FILE: tokenFile,
        },
      });
      return stdout.trim();
    };
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  it('gives a secret for a token that the cluster has signed, by the values that it printed', async () => {
    expect(values.extraEnv[0]).toEqual({ name: 'HTTPS_PROXY', value: expect.stringContaining(`http://${address}:`) });
    expect(await read(ISSUER, SUBJECT)).toBe('s3cret');
  });

  it('refuses what Azure refuses', async () => {
    expect(await read(ISSUER, 'system:serviceaccount:default:other')).toContain('AADSTS700213');
    expect(await read(`${ISSUER}/`, SUBJECT)).toContain('AADSTS700211');
    expect(await read('https://unmapped.example', SUBJECT)).toContain('AADSTS50166');
    const { out } = await person.keyferry('lab', 'audit', ...state());
    expect(out).toMatch(/AADSTS50166: GET https:\/\/unmapped\.example\/\.well-known\/openid-configuration failed/);
  });

  it('tells its status, its values and where traces are to be had', async () => {
    const status = JSON.parse(
      (await person.keyferry('lab', 'status', ...state(), '--output', 'json')).out,
    ) as LabStatus;
    expect(status.cloudOnly).toMatchObject({
      listens: { host: address },
      issuers: [{ issuer: ISSUER, from: issuer.url, caFile: join(person.home, 'ca.crt') }],
    });
    expect((await person.keyferry('lab', 'values', ...state())).out).toBe(printed);
    const other = await person.keyferry('lab', 'values', ...state(), '--advertise', 'host.docker.internal');
    expect(other.out).toContain(`http://host.docker.internal:${status.cloudOnly?.listens?.port}\n`);
    const trace = await person.keyferry('lab', 'trace', 'web', ...state());
    expect([trace.exitCode, trace.err]).toEqual([1, expect.stringContaining('lab audit')]);
  });

  it('has no clusters of its own, and says what to do instead', async () => {
    const create = ['az', 'aks', 'create', '-g', 'demo', '-n', 'c', '--generate-ssh-keys'];
    const refused = await person.keyferry('lab', 'run', ...state(), '--az', 'builtin', '--', ...create);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.err).toContain('OperationNotAllowed');
    expect(refused.err).toContain('federated-credential create');
  });

  it('is what it was at the same address after a restart: the cluster was told that', async () => {
    expect((await person.keyferry('lab', 'down', ...state())).exitCode).toBe(0);
    const again = await person.keyferry('lab', 'up', ...state(), ...options());
    expect(again.out).toBe(printed);
    expect(await read(ISSUER, SUBJECT)).toBe('s3cret');
  });

  it('is used by a command with the same words, and no other ones', async () => {
    const run = (...more: string[]) => person.keyferry('lab', 'run', ...state(), ...more, '--', 'true');
    expect((await run('--cloud-only')).exitCode).toBe(0);
    const other = await run('--cloud-only', '--listen', '0.0.0.0');
    expect([other.exitCode, other.err]).toEqual([1, expect.stringContaining('--listen')]);
  });
});

describe('a lab of Azure’s side alone', () => {
  it('needs no namespaces and no root, leaves HOME as it is, and nothing behind', async () => {
    await using person = await createPerson(process.getuid?.() === 0 ? 'ordinary-user' : 'self');
    // No unshare here.
    person.env['PATH'] = '/nowhere';
    const place = join(person.home, 'lab');
    const script = 'az account show --query user.type -o tsv; echo "$HOME"; exit 7';
    const run = ['lab', 'run', '--cloud-only', '--state', place, '--az', 'builtin', '--', '/bin/sh', '-c', script];
    const outcome = await person.keyferry(...run);
    expect(outcome).toEqual({ exitCode: 7, out: `user\n${person.home}\n`, err: '' });
    expect(tracesOf(place)).toEqual([]);
  });

  it('does not start where it cannot listen, and says what to do', async () => {
    await using person = await createPerson();
    const place = join(person.home, 'lab');
    // TEST-NET-2 of RFC 5737: nobody's.
    const listen = ['--cloud-only', '--listen', '198.51.100.7:8443'];
    const outcome = await person.keyferry('lab', 'up', '--state', place, ...listen);
    expect([outcome.exitCode, outcome.out]).toEqual([1, '']);
    expect(outcome.err).toContain('cannot listen on 198.51.100.7:8443: this machine has no such address');
    expect(outcome.err).toContain('what to do:');
    expect(tracesOf(place)).toEqual([]);
  });
});
