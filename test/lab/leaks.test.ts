// Everything at the highest log level, and then a search of all that was printed, logged, stored or left lying for the
// secrets that were in it: docs/security.md, "What holds values and tokens on purpose".
import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '#base';
import { RESOURCES, type Event, type Pod } from '#kube';
import { captureAz } from '#lab/session';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { createPerson, type Outcome, type Person } from '../support/keyferry.ts';
import { createLeakSearch, filesBelow, UNKNOWN_TOKEN, type Leak } from '../support/leak-search.ts';
import { remainsOf, temporaryFiles, type Remains } from '../support/lab-remains.ts';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { killNodeProcess, nodeLogOf, nodeProcessOf } from '../support/node-process.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  warnings,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const VAULT = 'kv-leaks';
const VALUES = {
  'the value': `Lk5 "quoted" & it's ünï/+=?% of\nthe vault`,
  'the value after its rotation': 'Lk5~rotated~value/+=?&',
  'the other value': 'Lk5-other-value-0123456789',
};
const CERTIFICATE_PASSWORD = 'Lk5-password-of-a-certificate';
const JSON_FIELD = 'Lk5-field-of-a-json-value-77';
/** Put where no secret belongs: in a class. The API server keeps it, as it keeps the class; nothing else repeats it. */
const PASTED = 'Lk5-pasted-into-a-class-42';

/** Where secrets are on purpose: what each place may hold, and why. Paths are below the folder of the test. */
const EXCEPTIONS: readonly { readonly where: RegExp; readonly why: string }[] = [
  { where: /^lab\/journal\//, why: "the lab's vaults, API objects and keys" },
  { where: /^lab\/azure\//, why: "az's sign-in, as the real one keeps it" },
  { where: /^lab\/lab\.json$/, why: 'the control token, for the commands of the person' },
  { where: /^lab\/home\/\.kube\/config$/, why: 'what kubectl signs in with' },
  {
    where: /^lab\/home\/\.ssh\/id_rsa$/,
    why: "the key that `az aks create --generate-ssh-keys` makes in the lab's home",
  },
  { where: /^node \/kubelet\/pods\/[^/]+\/volumes\//, why: "the pods' volumes: tmpfs" },
  { where: /^api secrets$/, why: 'Secrets are made to hold them' },
  { where: /^api secretproviderclasses$/, why: 'what a person pasted into a class' },
];

const search = createLeakSearch();
const printed: { readonly where: string; readonly text: string }[] = [];
let place: string;
let person: Person;
let lab: TestLab;
let cluster: TestCluster;
/** The demo has a lab of its own, beside this one. */
let demo: Promise<Outcome>;
let startedAtMs: number;

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'keyferry-leaks-'));
  // Whatever the lab, its processes and az leave lying is below one folder; vitest gives each test file a process of its own.
  process.env['TMPDIR'] = place;
  process.env['KEYFERRY_LOG_LEVEL'] = 'debug';
  person = await createPerson();
  Object.assign(person.env, { TMPDIR: place, KEYFERRY_LOG_LEVEL: 'debug', KEYFERRY_STATE: join(place, 'lab') });
  startedAtMs = systemClock.now();
  demo = keyferry('demo');
  lab = await startTestLab({ root: join(place, 'lab') });
  for (const [what, value] of Object.entries(VALUES)) search.know(what, value);
  search.know('what was pasted', PASTED);
  search.know(
    'the control token',
    (JSON.parse(readFileSync(lab.folder.endpointFile, 'utf8')) as { token: string }).token,
  );
  cluster = await makeCluster({ ...lab, az }, '--enable-secret-rotation --rotation-poll-interval 1s');
}, 90_000);
afterAll(async () => {
  await demo;
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
  await person?.[Symbol.asyncDispose]();
  rmSync(place, { recursive: true, force: true });
});

/** Runs az at its highest level, and remembers what it prints but for what was asked for. Answers that, without the line end. */
async function az(
  command: string | readonly string[],
  answer: 'searched' | 'is a secret' = 'searched',
): Promise<string> {
  const words = typeof command === 'string' ? command.replace(/^az /, '').split(' ') : [...command];
  const { code, stdout, stderr } = await captureAz([...words, '--debug'], {
    env: lab.env,
    clock: systemClock,
    random: systemRandom,
  });
  const where = `az ${words.slice(0, 4).join(' ')}`;
  printed.push({ where, text: stderr });
  if (answer === 'searched') printed.push({ where, text: stdout });
  if (code !== 0) throw new Error(`${where} exited with ${code}: ${stderr.slice(-500)}`);
  return stdout.trim();
}

/** Like {@link az} for a command that is to fail. */
async function azFails(command: readonly string[]): Promise<void> {
  await expect(az(command)).rejects.toThrow('exited with');
}

/** Runs bin/keyferry and remembers what it prints. */
async function keyferry(...args: readonly string[]): Promise<Outcome> {
  const outcome = await person.keyferry(...args);
  printed.push({ where: `keyferry ${args.slice(0, 3).join(' ')}`, text: outcome.out + outcome.err });
  return outcome;
}

/** The private keys that a file holds: as PEM, alone or in JSON or base64, or the secret part of a JWK. */
function keysIn(path: string): readonly string[] {
  const text = readFileSync(path, 'utf8');
  const decoded = [...text.matchAll(/[\w+/]{200,}={0,2}/g)].map(([base64]) => Buffer.from(base64, 'base64').toString());
  const pem = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----/g;
  return [
    ...[text, ...decoded].flatMap((each) => each.replaceAll('\\n', '\n').match(pem) ?? []),
    ...[...text.matchAll(/"d":"([\w-]{40,})"/g)].map(([, secret = '']) => secret),
  ];
}

/** A plain request to the node's metadata service, as SDKs send it. */
function askMetadata(query: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        port: lab.lab.gatewayPort,
        path: `/metadata/identity/oauth2/token?${query}`,
        headers: { metadata: 'true' },
      },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        answer.on('end', () => resolve(text));
      },
    )
      .on('error', reject)
      .end();
  });
}

const createPod = async (
  name: string,
  account: string,
  className: string,
  change: (pod: ReturnType<typeof podWithClass>) => void = () => undefined,
) => {
  const pod = podWithClass(name, account, className);
  change(pod);
  return cluster.client.create<Pod>(RESOURCES.pods, 'default', pod as Pod);
};

/** Waits until an event of the pod says why it gets nothing. */
const refused = (name: string, why: string) =>
  eventually(`${name} is refused: ${why}`, async () => {
    const texts = await warnings(cluster.client, name);
    return texts.some((text) => text.includes(why)) ? { found: true } : { seen: texts.join('\n') };
  });

/** Where secrets lie now that they should not; which exceptions were not needed; where was looked. */
async function searchAll(): Promise<{
  readonly leaks: readonly Leak[];
  readonly unused: readonly string[];
  readonly places: readonly string[];
}> {
  const leaks: Leak[] = [];
  const used = new Set<string>();
  const places: string[] = [];
  const look = ({ where, content }: Remains) => {
    places.push(where);
    const found = search.search(where, content);
    const exception = EXCEPTIONS.find((candidate) => candidate.where.test(where));
    if (exception === undefined) leaks.push(...found);
    else if (found.length > 0) used.add(exception.why);
  };
  for (const { where, text } of printed) look({ where: `printed by ${where}`, content: text });
  for await (const remains of remainsOf({ lab, cluster, folders: [place, person.home] })) look(remains);
  // What ignores TMPDIR: files of others are there too, so only for what this test knows.
  for (const { where, content } of temporaryFiles(startedAtMs)) {
    leaks.push(...search.search(where, content).filter(({ what }) => what !== UNKNOWN_TOKEN));
  }
  return { leaks, places, unused: EXCEPTIONS.map(({ why }) => why).filter((why) => !used.has(why)) };
}

describe('a lab in which all goes right and all goes wrong, at the highest log level', () => {
  let clientId: string;
  /** Of the application that signs in by a certificate: what a Secret for nodePublishSecretRef holds. */
  const robot: Record<string, string> = {};

  it('signs people and programs in, rightly and wrongly', async () => {
    search.know(
      'an access token of the user',
      await az('account get-access-token --query accessToken -o tsv', 'is a secret'),
    );
    const sp = JSON.parse(await az('ad sp create-for-rbac -n robot', 'is a secret')) as Record<string, string>;
    search.know('the client secret', sp['password'] ?? '');
    const key = join(place, '..', `keyferry-leaks-${process.pid}.pem`);
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=robot', '-keyout', key, '-out', `${key}.crt`],
      { stdio: 'ignore' },
    );
    try {
      const pem = readFileSync(key, 'utf8');
      search.know('the private key', pem);
      const passphrase = CERTIFICATE_PASSWORD;
      search.know('the password of a certificate', passphrase);
      const encrypted = createPrivateKey(pem).export({
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase,
      });
      search.know('the encrypted private key', encrypted.toString());
      robot['clientcertificate'] = `${encrypted.toString()}${readFileSync(`${key}.crt`, 'utf8')}`;
      robot['clientcertificatepassword'] = passphrase;
      writeFileSync(key, pem + readFileSync(`${key}.crt`, 'utf8'));
      const { appId = '' } = JSON.parse(
        await az(['ad', 'sp', 'create-for-rbac', '-n', 'robot-with-key', '--cert', `@${key}.crt`]),
      ) as Record<string, string>;
      robot['clientid'] = appId;
      await az([
        'login',
        '--service-principal',
        '-u',
        appId,
        '--certificate',
        key,
        '--tenant',
        sp['tenant'] ?? '',
        '--allow-no-subscriptions',
      ]);
    } finally {
      rmSync(key, { force: true });
      rmSync(`${key}.crt`, { force: true });
    }
    const asRobot = [
      'login',
      '--service-principal',
      '-u',
      sp['appId'] ?? '',
      '--tenant',
      sp['tenant'] ?? '',
      '--allow-no-subscriptions',
      '-p',
    ];
    await az([...asRobot, sp['password'] ?? '']);
    search.know('a wrong client secret', 'Lk5~wrong~client~secret~1234567890');
    await azFails([...asRobot, 'Lk5~wrong~client~secret~1234567890']);
    await az('logout');
    await az('login');
    search.know(
      'an access token after the login',
      await az('account get-access-token --resource https://vault.azure.net --query accessToken -o tsv', 'is a secret'),
    );
    for (const [, token] of readFileSync(join(lab.folder.azureConfig, 'msal_token_cache.json'), 'utf8').matchAll(
      /"secret": ?"([^"]{20,})"/g,
    )) {
      search.know('a token of az', token ?? '');
    }
    // Refresh tokens, access tokens and id tokens are among them.
    expect(search.size).toBeGreaterThan(10);
  }, 60_000);

  it('brings a secret into pods, changes it, and refuses others', async () => {
    await az(`keyvault create -n ${VAULT} -g g`);
    const set = (name: string, value: string) =>
      az(['keyvault', 'secret', 'set', '--vault-name', VAULT, '-n', name, '--value', value], 'is a secret');
    await set('Password', VALUES['the value']);
    await set('Other', VALUES['the other value']);
    search.know('a field of a JSON value', JSON_FIELD);
    await set('Json', JSON.stringify({ user: 'ada', password: JSON_FIELD }));
    await az(['keyvault', 'secret', 'list', '--vault-name', VAULT]);
    await azFails(['keyvault', 'secret', 'show', '--vault-name', VAULT, '-n', 'Missing']);
    const identity = JSON.parse(await az('identity create -g g -n reader')) as Record<string, string>;
    clientId = identity['clientId'] ?? '';
    await az(`keyvault set-policy -n ${VAULT} --object-id ${identity['principalId']} --secret-permissions get`);
    await az(
      `identity federated-credential create -g g --identity-name reader -n federated --issuer ${cluster.issuer} --subject system:serviceaccount:default:reader --audiences api://AzureADTokenExchange`,
    );
    const group = await az('aks show -g g -n c --query nodeResourceGroup -o tsv');
    const scaleSet = await az(`vmss list -g ${group} --query [0].name -o tsv`);
    await az(`vmss identity assign -g ${group} -n ${scaleSet} --identities ${identity['id']}`);
    const answer = JSON.parse(
      await askMetadata(`api-version=2018-02-01&client_id=${clientId}&resource=https://vault.azure.net`),
    ) as Record<string, string>;
    search.know('a token of the metadata service', answer['access_token'] ?? '');

    for (const name of ['reader', 'stranger'])
      await cluster.client.create(RESOURCES.serviceaccounts, 'default', { metadata: { name } });
    const shared = { clientId, tenantId: cluster.tenantId, vault: VAULT };
    const secretObjects = [
      { secretName: 'synced', type: 'Opaque', data: [{ objectName: 'Password', key: 'password' }] },
    ];
    const reader = secretProviderClass({ ...shared, name: 'reader', secrets: ['Password', 'Other'], secretObjects });
    const broken = secretProviderClass({ ...shared, name: 'broken', secrets: ['Password'] });
    broken.spec.parameters.objects = `array:\n  - |\n    objectName: Password\n    objectType: secret\n   value: "${PASTED}\n`;
    const pasted = secretProviderClass({ ...shared, name: 'pasted', secrets: ['Nowhere'] });
    Object.assign(pasted.spec.parameters, { clientSecret: PASTED, password: VALUES['the other value'] });
    const principal = secretProviderClass({ ...shared, name: 'principal', clientId: '', secrets: ['Password'] });
    const fields = secretProviderClass({ ...shared, name: 'fields', secrets: ['Other'] });
    fields.spec.parameters.objects += `  - {objectName: Json, objectType: secret, jsonFiles: {user: $.user, none: $.none}}\n`;
    for (const spc of [reader, broken, pasted, principal, fields])
      await cluster.client.create(SECRET_CLASS_RESOURCES.classes, 'default', spc);
    search.know('the wrong secret of a principal', 'Lk5~publish~secret~1234567890');
    await cluster.client.create(RESOURCES.secrets, 'default', {
      metadata: { name: 'creds' },
      stringData: { clientid: clientId, clientsecret: 'Lk5~publish~secret~1234567890' },
    });

    for (const [name, password] of Object.entries({ robot: CERTIFICATE_PASSWORD, 'robot-mistaken': 'Lk5-mistaken' })) {
      search.know('a mistaken password of a certificate', 'Lk5-mistaken');
      const stringData = { ...robot, clientcertificatepassword: password };
      await cluster.client.create(RESOURCES.secrets, 'default', { metadata: { name }, stringData });
      await createPod(name, 'reader', 'principal', (pod) => {
        Object.assign(pod.spec.volumes[0]?.csi ?? {}, { nodePublishSecretRef: { name } });
      });
    }
    await createPod('fields', 'reader', 'fields');
    await createPod('happy', 'reader', 'reader');
    await podReady(cluster.client, 'happy');
    await createPod('stranger', 'stranger', 'reader');
    await createPod('broken', 'reader', 'broken');
    await createPod('pasted', 'reader', 'pasted');
    await createPod('principal', 'reader', 'principal', (pod) => {
      Object.assign(pod.spec.volumes[0]?.csi ?? {}, { nodePublishSecretRef: { name: 'creds' } });
    });
    await refused('stranger', 'AADSTS700213');
    await refused('broken', 'unmarshal');
    await refused('pasted', 'Nowhere');
    await refused('principal', 'AADSTS');
    await refused('robot', 'does not have secrets get permission');
    await refused('robot-mistaken', 'clientcertificate of the Secret');
    await refused('fields', 'the value has no $.none');
    await set('Json', JSON.stringify({ user: 'ada', none: JSON_FIELD }));
    await podReady(cluster.client, 'fields');
    await az(`keyvault set-policy -n ${VAULT} --object-id ${identity['principalId']} --secret-permissions list`);
    await killNodeProcess(cluster.client, nodeProcessOf(lab.folder.root) ?? 0);
    await createPod('refused-by-the-vault', 'reader', 'reader');
    await refused('refused-by-the-vault', 'does not have secrets get permission');
    await az(`keyvault set-policy -n ${VAULT} --object-id ${identity['principalId']} --secret-permissions get`);
    await podReady(cluster.client, 'refused-by-the-vault');
    await set('Password', VALUES['the value after its rotation']);
    // The volume is looked at each second, and its file is the new one.
    await eventually(
      'the rotation',
      async () => {
        const { items } = await cluster.client.list<Event>(RESOURCES.events, {
          namespace: 'default',
          fieldSelector: 'involvedObject.name=happy,reason=MountRotationComplete',
        });
        return items.length > 0 ? { found: true } : { seen: 'no event' };
      },
      60_000,
    );
    expect(printed.length).toBeGreaterThan(20);
  }, 120_000);

  it('is asked for everything that it tells', async () => {
    const fault = ['--host', `${VAULT}.vault.azure.net`, '--status', '429', '--retry-after', '1', '--times', '1'];
    const commands: readonly (readonly [code: number, ...args: string[]])[] = [
      [0, 'lab', 'fault', 'add', ...fault],
      [0, 'lab', 'fault', 'list'],
      [0, 'lab', 'fault', 'clear'],
      [0, 'lab', 'clock', 'show'],
      [0, 'lab', 'clock', 'advance', '2h'],
      [0, 'lab', 'status'],
      [0, 'lab', 'status', '--output', 'json'],
      [0, 'lab', 'audit'],
      [0, 'lab', 'audit', '--output', 'json'],
      [0, 'lab', 'env'],
      [0, 'lab', 'trace', 'happy'],
      [0, 'lab', 'trace', 'happy', '--output', 'json'],
      [0, 'lab', 'trace', 'stranger'],
      [0, 'lab', 'trace', 'principal', '--output', 'json'],
      [1, 'lab', 'run', '--', 'false'],
    ];
    for (const [code, ...args] of commands) {
      const outcome = await keyferry(...args);
      expect([args.join(' '), outcome.exitCode, outcome.err]).toEqual([args.join(' '), code, expect.any(String)]);
    }
    expect((await demo).exitCode).toBe(0);
  }, 120_000);

  it('has keys and tokens of its own', async () => {
    const files = [lab.folder.kubeconfig, join(lab.folder.home, '.ssh', 'id_rsa')];
    const journal = [...filesBelow(lab.folder.journal)].map(({ path }) => path);
    const keys = [...files, ...journal].flatMap(keysIn);
    // Of kubectl and ssh; of the lab's authority and its tokens, of the cluster's authority and its tokens.
    expect(keys.length).toBeGreaterThanOrEqual(6);
    for (const key of keys) search.know('a private key of the lab', key);
    for (const audiences of [[], ['api://AzureADTokenExchange']]) {
      const account = { namespace: 'default', name: 'reader' };
      const { token } = await cluster.client.createToken(account, { audiences });
      search.know('a service account token', token.expose());
    }
  });

  it('finds no secret and no token but where they are meant to be', async () => {
    const { leaks, unused, places } = await searchAll();
    expect(leaks).toEqual([]);
    // Each exception is needed, or it is one too many.
    expect(unused).toEqual([]);
    // The search looked where there is something to find.
    expect(search.size).toBeGreaterThan(10);
    expect(places).toEqual(
      expect.arrayContaining([
        'lab/lab.log',
        'metrics',
        'audit',
        'api events',
        'api pods',
        `api ${SECRET_CLASS_RESOURCES.podStatuses.resource}`,
        expect.stringMatching(/^lab\/clusters\/c-[0-9a-f]+\/pods\/kube-system_[^/]+\/secrets-store\/0\.log$/),
        expect.stringMatching(/^node \/kubelet\/plugins\/[^/]+\/volumes\/.*\.json$/),
        expect.stringMatching(/^environ of .*keyferry node/),
        expect.stringMatching(/^printed by keyferry lab trace/),
      ]),
    );
    const logs = [readFileSync(lab.folder.logFile, 'utf8'), nodeLogOf(lab.folder.clusters)];
    expect(logs.map((text) => text.includes('"level":20'))).toEqual([true, true]);
  }, 60_000);

  it('finds what is planted: in a log, in a file, in an event, on a command line', async () => {
    const planted = join(place, 'lab', 'lab.log');
    const before = readFileSync(planted);
    writeFileSync(
      planted,
      `${before.toString()}{"level":20,"msg":"x","body":"${Buffer.from(VALUES['the value']).toString('base64')}"}\n`,
    );
    writeFileSync(join(place, 'core.1'), `\0\0${VALUES['the other value']}\0`);
    printed.push({ where: 'a test', text: encodeURIComponent(VALUES['the value after its rotation']) });
    try {
      const { leaks } = await searchAll();
      expect(new Set(leaks.map(({ what, where }) => `${what}: ${where}`))).toEqual(
        new Set([
          'the value: lab/lab.log',
          'the other value: core.1',
          'the value after its rotation: printed by a test',
        ]),
      );
    } finally {
      writeFileSync(planted, before);
      printed.pop();
    }
  }, 60_000);
});
