import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { Secret, systemClock } from '#base';
import { wantsBuiltinAz } from './az-choice.ts';
import { labEnvironment, proxyEnvironment, renderExports } from './environment.ts';
import { launchLab } from './launch.ts';
import { planNamespaces } from './namespaces.ts';
import {
  createStateFolder,
  defaultStateRoot,
  readEndpoint,
  removeEndpoint,
  stateFolder,
  writeEndpoint,
  type StateFolder,
} from './state-folder.ts';
import { renderStatus } from './status.ts';

const scratch = mkdtempSync(join(tmpdir(), 'keyferry-session-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('the state folder', () => {
  it.each([
    [{ XDG_STATE_HOME: '/x', HOME: '/h' }, '/x/keyferry/lab'],
    [{ XDG_STATE_HOME: 'relative', HOME: '/h' }, '/h/.local/state/keyferry/lab'],
    [{ HOME: '/h' }, '/h/.local/state/keyferry/lab'],
  ])('has its default place by %j', (env, root) => {
    expect(defaultStateRoot(env)).toBe(root);
  });

  it('asks for a place when there is neither XDG_STATE_HOME nor HOME', () => {
    expect(() => defaultStateRoot({})).toThrow(/no state folder/);
  });

  it('is for its owner only, and so is the endpoint, whose token is read again', async () => {
    const folder = stateFolder(join(scratch, 'lab'));
    mkdirSync(folder.root, { mode: 0o755 });
    await createStateFolder(folder);
    await writeEndpoint(folder, { port: 4711, token: new Secret('t') });
    expect(statSync(folder.root).mode & 0o777).toBe(0o700);
    expect(statSync(folder.endpointFile).mode & 0o777).toBe(0o600);
    const endpoint = await readEndpoint(folder);
    expect([endpoint?.port, endpoint?.token.expose()]).toEqual([4711, 't']);
    await removeEndpoint(folder);
    expect(await readEndpoint(folder)).toBeUndefined();
  });

  const choice = { ephemeral: false, allowInternet: false, detached: true, env: {}, clock: systemClock };
  it.each([
    ['the lab', (folder: StateFolder): Promise<unknown> => createStateFolder(folder)],
    ['who starts it', (folder: StateFolder): Promise<unknown> => launchLab({ ...choice, folder })],
  ])(
    'is refused by %s when it belongs to somebody else, also to root, and no link in it is followed',
    async (_, use) => {
      const isRoot = process.geteuid?.() === 0;
      const root = isRoot ? mkdtempSync(join(scratch, 'of-another-')) : '/usr';
      if (isRoot) {
        symlinkSync(join(scratch, 'led-here'), join(root, 'lab.log'));
        chownSync(root, 12_345, 12_345);
      }
      const before = readdirSync(root);
      await expect(use(stateFolder(root))).rejects.toThrow(/belongs to another user/);
      expect(readdirSync(root)).toEqual(before);
      expect(existsSync(join(scratch, 'led-here'))).toBe(false);
    },
  );
});

describe('the environment of commands', () => {
  const folder = stateFolder("/s/it's");
  const base = { folder, gatewayPort: 8443, path: '/usr/bin', builtinAz: true, keepHome: false };

  it('survives a shell, whatever the folder is called', () => {
    const environment = labEnvironment(base);
    const printed = execFileSync('sh', [
      '-c',
      `${renderExports(environment)}\nprintf '%s|' "$HOME" "$HTTPS_PROXY" "$PATH"`,
    ]);
    expect(printed.toString()).toBe("/s/it's/home|http://127.0.0.1:8443|/s/it's/bin:/s/it's/bin-az:/usr/bin|");
  });

  it('leaves HOME alone when asked to, and az when the real one is used', () => {
    const environment = labEnvironment({ ...base, keepHome: true, builtinAz: false });
    expect(environment).not.toHaveProperty('HOME');
    expect(environment['PATH']).toBe("/s/it's/bin:/usr/bin");
  });

  it('of a lab for a cluster outside leaves the person their HOME, their KUBECONFIG and the way to their cluster', () => {
    const environment = labEnvironment({ ...base, cloudOnly: true });
    expect(environment).not.toHaveProperty('HOME');
    expect(environment).not.toHaveProperty('KUBECONFIG');
    expect(environment['AZURE_CONFIG_DIR']).toBe(folder.azureConfig);
    expect(environment['NO_PROXY']?.split(',')).toEqual(expect.arrayContaining(['127.0.0.1', '172.16.0.0/12']));
    expect(environment['no_proxy']).toBe(environment['NO_PROXY']);
  });
});

describe('the way to the emulated Azure', () => {
  const environment = proxyEnvironment({
    gatewayPort: 1,
    metadataPort: 2,
    caBundle: '/bundle.pem',
    caFile: '/ca.pem',
    javaTrustStore: '/my trust.jks',
  });

  it('is the gateway for https and the metadata service of the node for plain http', () => {
    expect(environment).toMatchObject({
      HTTPS_PROXY: 'http://127.0.0.1:1',
      HTTP_PROXY: 'http://127.0.0.1:2',
      http_proxy: 'http://127.0.0.1:2',
      AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:2',
      NO_PROXY: '127.0.0.1,localhost',
    });
  });

  it('is told to Java in options', () => {
    const options = environment['JAVA_TOOL_OPTIONS'] ?? '';
    expect(options.split(' -D')).toEqual(
      expect.arrayContaining(['https.proxyPort=1', 'http.proxyPort=2', 'http.proxyHost=127.0.0.1']) as unknown,
    );
    expect(options).toContain('"-Djavax.net.ssl.trustStore=/my trust.jks"');
  });
});

describe('the choice of az', () => {
  const real = join(scratch, 'with-az');
  execFileSync('mkdir', [real]);
  writeFileSync(join(real, 'az'), '#!/bin/sh\n');
  chmodSync(join(real, 'az'), 0o755);

  it.each([
    ['auto', real, false],
    ['auto', '/nowhere', true],
    ['builtin', real, true],
    ['real', real, false],
  ] as const)('%s with PATH %s', (choice, path, builtin) => {
    expect(wantsBuiltinAz(choice, path)).toBe(builtin);
  });

  it('says so when the real one is asked for and is not there', () => {
    expect(() => wantsBuiltinAz('real', '/nowhere')).toThrow(/no az on the PATH/);
  });
});

describe('namespaces', () => {
  it('adds a user namespace for everybody but root', () => {
    expect(planNamespaces(0).args).not.toContain('--user');
    expect(planNamespaces(1000).args.slice(0, 2)).toEqual(['--user', '--map-root-user']);
  });
});

const EMPTY_LAB = {
  version: '1',
  state: '/s',
  ephemeral: false,
  clock: { labTime: '2026-01-01T00:00:00.000Z', machineTime: '2026-01-01T00:00:00.000Z', offsetMs: 0 },
  gateway: { port: 1, proxyUrl: 'http://127.0.0.1:1' },
  tenantId: 't',
  subscriptionId: 'sub',
  clusters: [],
  vaults: [],
  identities: [],
  faults: [],
};

describe('the status', () => {
  it('names clusters, pods and what keeps them from running', () => {
    const text = renderStatus({
      ...EMPTY_LAB,
      ephemeral: true,
      clock: { labTime: '2026-01-02T01:00:00.000Z', machineTime: '2026-01-01T00:00:00.000Z', offsetMs: 90_000_000 },
      clusters: [
        {
          name: 'c',
          resourceGroup: 'g',
          url: 'https://127.0.0.1:2',
          issuerUrl: 'https://i/',
          secretsProvider: 'running',
          pods: [
            { namespace: 'default', name: 'well', phase: 'Running', ready: true },
            { namespace: 'default', name: 'old', phase: 'Running', ready: true, trouble: 'refresh-fails' },
            { namespace: 'default', name: 'p', phase: 'Pending', ready: false, reason: 'ContainerCreating' },
            { namespace: 'jobs', name: 'j', phase: 'Succeeded', ready: false, reason: 'Completed' },
          ],
        },
      ],
      vaults: [
        { name: 'kv', resourceGroup: 'g', secrets: 1, keys: 0, certificates: 0 },
        { name: 'kv-more', resourceGroup: 'g', secrets: 0, keys: 2, certificates: 1 },
      ],
    });
    expect(text).toContain('/s (ephemeral)');
    expect(text).toContain('2026-01-02T01:00:00.000Z, 25h ahead of this machine');
    expect(text).toContain('c  2 of 4 pods ready  secrets provider running');
    expect(text).toMatch(
      /waits {2}default\/p +ContainerCreating\n +ready {2}default\/old +keeps old files: its refreshes fail\n +ready {2}default\/well\n +done {3}jobs\/j\n/,
    );
    expect(text).toContain('keyferry lab trace p -n default\n');
    expect(text).toMatch(/kv +1 secret +group g\n +kv-more +0 secrets, 2 keys, 1 certificate +group g\n/);
    expect(text).toMatch(/identities +none\n/);
  });

  it('of a lab for a cluster outside says where that finds it, and whose tokens are known', () => {
    const issuers = [{ issuer: 'https://i', from: '/jwks.json' }];
    const text = renderStatus({ ...EMPTY_LAB, cloudOnly: { listens: { host: 'fd00::1', port: 8443 }, issuers } });
    expect(text).toMatch(/listens +\[fd00::1\]:8443\n/);
    expect(text).toMatch(/issuer +https:\/\/i from \/jwks\.json\n/);
    expect(renderStatus({ ...EMPTY_LAB, cloudOnly: { listens: undefined, issuers } })).toContain(
      'on this machine only',
    );
  });
});
