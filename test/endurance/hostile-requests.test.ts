import { readdirSync, readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Duplex } from 'node:stream';
import { constantFrom, sample, tuple, type Arbitrary } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { systemClock } from '#base';
import { loadKubeconfig } from '#kube';
import { AWKWARD_TEXTS, mutatedBytes } from '../../src/base/testing/hostile.ts';
import { makeCluster, startTestLab, type TestCluster, type TestLab } from '../support/test-lab.ts';

// A whole lab, asked from outside with requests that are a little or wholly wrong: it goes on, it answers what is right
// as before, its memory stays within bounds, and nothing is a failure of its own (500) or an error in its log.

const SECONDS = 15;
const AT_A_TIME = 16;
const IDLE_MS = 400;
const MAX_MEMORY_MIB = 700;
const SEED = 761;

let lab: TestLab;
let cluster: TestCluster;

beforeAll(async () => {
  lab = await startTestLab();
  cluster = await makeCluster(lab);
}, 120_000);
afterAll(async () => {
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
}, 60_000);

/** Sends bytes and answers what came back until the other side is done, or says nothing for a while. */
async function exchange(socket: Duplex, bytes: Uint8Array): Promise<string> {
  const chunks: Buffer[] = [];
  const done = new AbortController();
  let size = 0;
  socket.on('error', () => done.abort()).on('close', () => done.abort());
  socket.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size < 65_536) chunks.push(chunk);
    else done.abort();
  });
  socket.end(bytes);
  await systemClock.sleep(IDLE_MS, { signal: done.signal }).catch(() => undefined);
  socket.destroy();
  return Buffer.concat(chunks).toString('latin1');
}

/** Opens connections and sends requests for a while; answers what went wrong: each 500, and what the lab noted as an error. */
async function storm(
  context: TestContext,
  requests: Arbitrary<Buffer>,
  open: () => Promise<Duplex>,
  seconds = SECONDS,
): Promise<readonly string[]> {
  const endMs = systemClock.monotonic() + seconds * 1000;
  const statuses = new Map<string, number>();
  const failures: string[] = [];
  let sent = 0;
  for (let round = 0; systemClock.monotonic() < endMs; round += 1) {
    const batch = sample(requests, { numRuns: AT_A_TIME, seed: SEED + round });
    await Promise.all(
      batch.map(async (bytes) => {
        const answer = await exchange(await open(), bytes);
        for (const [, status = ''] of answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) {
          if (status === '500') failures.push(`500 to ${JSON.stringify(bytes.toString('latin1'))}: ${answer}`);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
        sent += 1;
      }),
    );
  }
  context.task.meta.fuzzInputs = sent;
  console.log(`      ${sent} requests: ${[...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')}`);
  expect(sent).toBeGreaterThan(100);
  await expectWell();
  return [...failures, ...loggedErrors()];
}

/** The lab answers and is not large. */
async function expectWell(): Promise<void> {
  expect(await lab.az('az group show -n g --query name -o tsv')).toBe('g');
  expect((await cluster.client.getPath<{ major: string }>('/version')).major).toBe('1');
  expect(memoryMib()).toBeLessThan(MAX_MEMORY_MIB);
}

/** What the lab noted as a failure of its own. */
function loggedErrors(): string[] {
  const lines = readFileSync(lab.folder.logFile, 'utf8').split('\n');
  return lines.filter((line) => /"level":[56]0|[uU]nhandled|FATAL|RangeError|TypeError/.test(line));
}

/** What the lab's own process has in memory. */
function memoryMib(): number {
  const sizes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
        if (!command.includes('lab-daemon') || !command.includes(`--state=${lab.folder.root}`)) return [];
        return [Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024];
      } catch {
        return []; // it ended meanwhile
      }
    });
  expect(sizes.length).toBeGreaterThan(0);
  return Math.max(...sizes);
}

const request = (line: string, headers: readonly string[], body = '') =>
  Buffer.from(
    [
      line,
      ...headers,
      ...(body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );

/** A request of these parts: whole ones with an awkward text in a place of its own, and damaged ones. */
function wrong(lines: readonly string[], headers: readonly string[], bodies: readonly string[]): Arbitrary<Buffer> {
  const texts = AWKWARD_TEXTS.map((text) => encodeURIComponent(Buffer.from(text).toString()));
  const whole = tuple(constantFrom(...lines), constantFrom(...bodies), constantFrom(...texts)).map(
    ([line, body, text]) => request(line.replaceAll('*', text), headers, body),
  );
  const samples = lines.flatMap((line) => bodies.map((body) => request(line.replaceAll('*', 'a'), headers, body)));
  return tuple(whole, mutatedBytes(samples), constantFrom(0, 1)).map(([first, second, which]) =>
    which === 0 ? first : second,
  );
}

const tcp = (port: number) => async () => connectTcp({ host: '127.0.0.1', port });

/** A TLS connection to a host of Azure, through the gateway. */
function azure(host: string): () => Promise<Duplex> {
  const ca = readFileSync(lab.folder.caFile);
  return () =>
    new Promise((resolve, reject) => {
      const socket = connectTcp({ host: '127.0.0.1', port: lab.lab.gatewayPort });
      socket.once('error', reject);
      socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
      socket.once('data', () => resolve(connectTls({ socket, servername: host, ca })));
    });
}

const tokenFor = async (resource: string) =>
  `Authorization: Bearer ${await lab.az(`az account get-access-token --resource ${resource} --query accessToken -o tsv`)}`;
const DEEP = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`;
const POLLUTED =
  '{"__proto__":{"x":1},"constructor":{"prototype":{"y":1}},"location":"eastus","properties":null,"value":1}';

describe('a lab under hostile requests', { timeout: 180_000 }, () => {
  it('stays well at its gateway', async (context) => {
    const lines = [
      'CONNECT login.microsoftonline.com:443 HTTP/1.1',
      'CONNECT *:443 HTTP/1.1',
      'CONNECT [::1]:443 HTTP/1.1',
      'GET http://169.254.169.254/metadata/instance?api-version=2021-02-01&format=* HTTP/1.1',
      'GET http://*/ HTTP/1.1',
      'GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=* HTTP/1.1',
      'GET /lab/status?* HTTP/1.1',
      'POST /lab/* HTTP/1.1',
      'OPTIONS * HTTP/1.1',
    ];
    expect(
      await storm(
        context,
        wrong(lines, ['Host: 127.0.0.1', 'Metadata: true'], ['', POLLUTED]),
        tcp(lab.lab.gatewayPort),
      ),
    ).toEqual([]);
  });

  it('stays well at the TLS of its gateway', async (context) => {
    const hello = Buffer.from('16030100c8010000c40303'.padEnd(400, '00'), 'hex');
    const open = async () => {
      const socket = connectTcp({ host: '127.0.0.1', port: lab.lab.gatewayPort });
      socket.write('CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n');
      return socket;
    };
    expect(await storm(context, mutatedBytes([hello, Buffer.from('GET / HTTP/1.1\r\n\r\n')]), open, 8)).toEqual([]);
  });

  it('stays well at ARM', async (context) => {
    const { id } = JSON.parse(await lab.az('az account show -o json')) as { id: string };
    const group = `/subscriptions/${id}/resourceGroups`;
    const lines = [
      `GET ${group}/*?api-version=2021-04-01 HTTP/1.1`,
      `PUT ${group}/*?api-version=2021-04-01 HTTP/1.1`,
      `GET /subscriptions/${id}/resources?api-version=2021-04-01&$filter=*&$top=* HTTP/1.1`,
      `PUT ${group}/g/providers/Microsoft.KeyVault/vaults/*?api-version=2023-07-01 HTTP/1.1`,
      `PATCH ${group}/g/providers/Microsoft.ContainerService/managedClusters/c/agentPools/*?api-version=2024-01-01 HTTP/1.1`,
      `PUT ${group}/g/providers/Microsoft.Authorization/roleAssignments/*?api-version=2022-04-01 HTTP/1.1`,
    ];
    const headers = [
      'Host: management.azure.com',
      await tokenFor('https://management.azure.com'),
      'Content-Type: application/json',
    ];
    expect(
      await storm(context, wrong(lines, headers, ['{}', POLLUTED, DEEP, '[]', 'null']), azure('management.azure.com')),
    ).toEqual([]);
  });

  it('stays well at Key Vault', async (context) => {
    await lab.az('az keyvault create -g g -n kv-hostile --enable-rbac-authorization false');
    const lines = [
      'secrets/*',
      'secrets/a/*',
      'secrets?maxresults=*&x=1',
      'secrets?$skiptoken=*&x=1',
      'deletedsecrets/*',
      'secrets/restore',
    ].flatMap((path) =>
      ['GET', 'PUT', 'POST', 'DELETE'].map(
        (method) => `${method} /${path}${path.includes('?') ? '&' : '?'}api-version=7.4 HTTP/1.1`,
      ),
    );
    const headers = [
      'Host: kv-hostile.vault.azure.net',
      await tokenFor('https://vault.azure.net'),
      'Content-Type: application/json',
    ];
    expect(
      await storm(
        context,
        wrong(lines, headers, ['{"value":"x"}', POLLUTED, DEEP, '']),
        azure('kv-hostile.vault.azure.net'),
      ),
    ).toEqual([]);
  });

  it('stays well at Entra ID and Graph', async (context) => {
    const lines = [
      'POST /*/oauth2/v2.0/token HTTP/1.1',
      'POST /common/oauth2/v2.0/token HTTP/1.1',
      'GET /common/oauth2/v2.0/authorize?client_id=*&redirect_uri=* HTTP/1.1',
      'GET /*/discovery/v2.0/keys HTTP/1.1',
    ];
    const headers = ['Host: login.microsoftonline.com', 'Content-Type: application/x-www-form-urlencoded'];
    const bodies = [
      'grant_type=client_credentials&client_id=a&client_assertion=a.b.c&scope=x',
      'grant_type=%00&claims=%7B',
      'a='.repeat(20_000),
      '',
    ];
    expect(await storm(context, wrong(lines, headers, bodies), azure('login.microsoftonline.com'), 8)).toEqual([]);
    const graph = [
      'GET /v1.0/applications?$filter=* HTTP/1.1',
      'POST /v1.0/applications HTTP/1.1',
      'GET /v1.0/users/* HTTP/1.1',
      "GET /v1.0/applications(appId='*') HTTP/1.1",
    ];
    const graphHeaders = [
      'Host: graph.microsoft.com',
      await tokenFor('https://graph.microsoft.com'),
      'Content-Type: application/json',
    ];
    expect(
      await storm(
        context,
        wrong(graph, graphHeaders, ['{"displayName":"a"}', POLLUTED, DEEP]),
        azure('graph.microsoft.com'),
        12,
      ),
    ).toEqual([]);
  });

  it('stays well at its API server', async (context) => {
    const config = loadKubeconfig(lab.folder.kubeconfig, systemClock);
    const { port } = new URL(config.server);
    const open = async () =>
      connectTls({
        host: '127.0.0.1',
        port: Number(port),
        ca: config.ca,
        cert: config.clientCertificate,
        key: config.clientKey?.expose(),
      });
    const maps = '/api/v1/namespaces/default/configmaps';
    const lines = [
      `GET ${maps}?labelSelector=*&fieldSelector=*&limit=1 HTTP/1.1`,
      `GET ${maps}?continue=*&timeoutSeconds=* HTTP/1.1`,
      `POST ${maps}?fieldManager=*&fieldValidation=* HTTP/1.1`,
      `PUT ${maps}/* HTTP/1.1`,
      `DELETE ${maps}/*?gracePeriodSeconds=* HTTP/1.1`,
      'GET /apis/*/v1/*?watch=1&timeoutSeconds=1 HTTP/1.1',
      'GET /api/v1/namespaces/*/pods/*/log?tailLines=* HTTP/1.1',
      'POST /api/v1/namespaces/default/pods/*/exec?command=*&stdout=true HTTP/1.1',
      'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews HTTP/1.1',
      'GET /openapi/v3/* HTTP/1.1',
    ];
    const bodies = [
      '',
      '{"metadata":{"name":"a"},"data":{"__proto__":"x"}}',
      POLLUTED,
      DEEP,
      '- - - -',
      'a: &a [*a]',
      `{"metadata":{"name":"b","managedFields":[{"fieldsV1":{"__proto__":{"f:x":{}}}}]}}`,
    ];
    const json = wrong(
      lines,
      ['Host: localhost', 'Content-Type: application/json', 'Accept: application/json;as=Table;v=v1;g=meta.k8s.io'],
      bodies,
    );
    const patches = ['json-patch+json', 'merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml'].map(
      (type) =>
        wrong(
          [`PATCH ${maps}/a?fieldManager=*&force=true HTTP/1.1`],
          ['Host: localhost', `Content-Type: application/${type}`],
          [...bodies, '[{"op":"copy","from":"","path":"/data/x"}]'],
        ),
    );
    const all = patches.reduce(
      (one, other) => tuple(one, other, constantFrom(0, 1, 2)).map(([a, b, turn]) => (turn === 0 ? b : a)),
      json,
    );
    expect(await storm(context, all, open)).toEqual([]);
  });

  it('stays well at the metadata service of its node', async (context) => {
    const lines = [
      'GET /metadata/instance/*?api-version=* HTTP/1.1',
      'GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=*&client_id=* HTTP/1.1',
      'GET /host/token/?resource=* HTTP/1.1',
    ];
    const host = new URL(lab.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] ?? '');
    expect(
      await storm(
        context,
        wrong(lines, [`Host: ${host.host}`, 'Metadata: true', 'podname: *', 'podns: a'], ['', 'x'.repeat(70_000)]),
        tcp(Number(host.port)),
        12,
      ),
    ).toEqual([]);
  });
});
