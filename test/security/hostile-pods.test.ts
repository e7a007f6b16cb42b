// A pod's process that turns against the lab's machine and its neighbours, with what manifests may ask for short of
// `privileged`: docs/security.md says what is to stop it, and what does not.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES, type Pod } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { makeReader } from '../support/reader.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  warnings,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const VAULT = 'kv-hostile-pods';
const VALUE = 'Hq4-value-of-the-neighbour';

let lab: TestLab;
let cluster: TestCluster;
let controlToken: string;
/** Of the identity that only the service account `reader` stands for. */
let clientId: string;

beforeAll(async () => {
  lab = await startTestLab();
  controlToken = (JSON.parse(readFileSync(lab.folder.endpointFile, 'utf8')) as { token: string }).token;
  cluster = await makeCluster(lab);
  await lab.az(`az keyvault create -n ${VAULT} -g g`);
  await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Neighbour --value ${VALUE}`);
  ({ clientId } = await makeReader(lab, cluster, { vault: VAULT }));
  await cluster.client.create(RESOURCES.serviceaccounts, 'default', { metadata: { name: 'hostile' } });
  for (const [name, id] of [
    ['neighbour', clientId],
    ['harmless', '11111111-2222-4333-8444-555555555555'],
  ] as const) {
    const spc = secretProviderClass({
      name,
      clientId: id,
      tenantId: cluster.tenantId,
      vault: VAULT,
      secrets: ['Neighbour'],
    });
    await cluster.client.create(SECRET_CLASS_RESOURCES.classes, 'default', spc);
  }
  const node = ['/', '/etc', '/opt', '/proc'].map((path, index) => ({ name: `host-${index}`, hostPath: { path } }));
  const pods = [
    podWithClass('neighbour', 'reader', 'neighbour'),
    hostilePod('ordinary', {}),
    hostilePod('of-the-node', {
      hostPID: true,
      hostNetwork: true,
      volumes: node,
      containers: [
        {
          ...CONTAINER,
          volumeMounts: [
            ...node.map(({ name }) => ({ name, mountPath: `/${name}` })),
            { name: 'host-1', mountPath: '/below/ssl', subPath: 'ssl' },
          ],
        },
      ],
    }),
    hostilePod('of-kubelet', {
      securityContext: { runAsUser: 1234, runAsNonRoot: true },
      volumes: [{ name: 'kubelet', hostPath: { path: '/var/lib/kubelet' } }],
      containers: [{ ...CONTAINER, volumeMounts: [{ name: 'kubelet', mountPath: '/kubelet' }] }],
    }),
  ];
  for (const pod of pods) await cluster.client.create<Pod>(RESOURCES.pods, 'default', pod as Pod);
  for (const { metadata } of pods) await podReady(cluster.client, metadata.name);
}, 90_000);
afterAll(async () => {
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
});

const CONTAINER = { name: 'app', image: 'ubuntu:24.04', command: ['/bin/sh', '-c', 'exec sleep 3600'] };

function hostilePod(name: string, spec: object) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { serviceAccountName: 'hostile', terminationGracePeriodSeconds: 0, containers: [CONTAINER], ...spec },
  };
}

/** Programs, the kernel's own files, and (of a pod with a hostPath, by right) the folder of kubelet. */
const NOT_LOOKED_INTO = ['usr', 'opt', 'lib', 'lib64', 'boot', 'proc', 'sys', 'host-2', 'host-3', 'kubelet'];

/** What a script prints in a pod, both streams; `input` is what it reads. */
async function inPod(pod: string, script: string, input = ''): Promise<string> {
  let text = '';
  const onStdout = (chunk: Buffer) => {
    text += chunk.toString('utf8');
  };
  await cluster.client.exec(
    { namespace: 'default', name: pod },
    { command: ['sh', '-c', script], stdin: lines(input), onStdout, onStderr: onStdout },
  );
  return text.trim();
}

/** How often a pod's environment, processes and mounts hold what it must not know, and which of its files do. */
function searchedIn(pod: string): Promise<string> {
  // Through stdin: on a command line they would find themselves.
  const script = `cat >/tmp/known; { env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; cat /proc/mounts; } 2>/dev/null >/tmp/own
    grep -c -F -f /tmp/known /tmp/own
    grep -r -l -F -f /tmp/known / --exclude=known ${NOT_LOOKED_INTO.map((name) => `--exclude-dir=${name}`).join(' ')} 2>/dev/null; echo end`;
  return inPod(pod, script, `${controlToken}\n${VALUE}\n`);
}

async function* lines(text: string): AsyncIterable<string> {
  yield await Promise.resolve(text);
}

describe.each(['ordinary', 'of-the-node'])('a pod (%s)', (pod) => {
  it("reads nothing of this machine's that is for root or a service alone", async () => {
    const look = 'find /etc /opt /host-* /below -xdev ! -perm -004 -type f -size +0 2>/dev/null';
    const notItsOwn = 'grep -v -e /proc/ -e /var/lib/kubelet/ -e /var/log/pods/ || true';
    expect(await inPod(pod, `for f in $(${look} | ${notItsOwn}); do head -c1 "$f" >/dev/null && echo "$f"; done`)).toBe(
      '',
    );
    // The search would find something: as root it may look into every folder.
    expect(await inPod(pod, 'id -u; test -r /etc/passwd && echo reads')).toBe('0\nreads');
    expect(await inPod(pod, 'cat /etc/shadow /host-0/etc/shadow /host-1/shadow 2>/dev/null | wc -c')).toBe('0');
  });

  it('finds the control token of the lab and its neighbour’s secret nowhere', async () => {
    expect(await searchedIn(pod)).toBe('0\nend');
  }, 60_000);

  it('cannot look into the processes of the lab', async () => {
    const script = `for p in /proc/[0-9]* /host-3/[0-9]*; do
        [ -r "$p/cmdline" ] || continue
        case "$(tr '\\0' ' ' <$p/cmdline 2>/dev/null)" in
          *lab-d[a]emon*|*keyferry\\ n[o]de*) for f in environ maps mem root/etc/passwd cwd fd/0; do head -c 1 $p/$f >/dev/null 2>&1 && echo "$p/$f"; done;;
        esac
      done; true`;
    expect(await inPod(pod, script)).toBe('');
  });
});

it('a search for its neighbour’s secret finds it where it belongs', async () => {
  expect(await searchedIn('neighbour')).toMatch(/^0\n\/mnt\/secrets-store\/.*\/Neighbour\nend$/);
});

it('a pod in the node’s PID namespace sees the processes that it cannot look into', async () => {
  // Or the test above would find nothing for a reason that is none.
  expect(
    await inPod(
      'of-the-node',
      'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " " | grep -c -e lab-daemon -e "keyferry node"',
    ),
  ).not.toBe('0');
});

// Without root the lab has one user id, and runAsUser is only told in an event.
describe('a pod that is not root on the node', () => {
  it
    .skipIf(process.getuid?.() !== 0)
    .each([
      '/kubelet/plugins/csi-secrets-store/csi.sock',
      '/kubelet/plugins_registry',
      '/kubelet/pods',
      '/kubelet/plugins/csi-secrets-store/kubeconfig',
    ])('may not use %s (needs root: runAsUser)', async (path) => {
    expect(
      await inPod('of-kubelet', `id -u; ls ${path} >/dev/null 2>&1; echo $?; cat ${path} 2>&1 | head -c 100`),
    ).toMatch(/^1234\n[12]\n.*Permission denied/);
  });
});

describe('a pod that overrides its class by volumeAttributes', () => {
  const refusal = async (name: string, attributes: Readonly<Record<string, string>>): Promise<string> => {
    const pod = podWithClass(name, 'hostile', 'harmless');
    Object.assign(pod.spec.volumes[0]?.csi.volumeAttributes ?? {}, attributes);
    await cluster.client.create(RESOURCES.pods, 'default', pod);
    return eventually(`${name} is refused`, async () => {
      const texts = await warnings(cluster.client, name);
      const found = texts.find((text) => text.startsWith('FailedMount: '));
      return found === undefined ? { seen: texts.join('\n') } : { found };
    });
  };

  it("gets what Azure gives its own account, which is nothing of another's", async () => {
    const text = await refusal('overrides-identity', {
      clientID: clientId,
      keyvaultName: VAULT,
      objects: 'array:\n  - |\n    objectName: Neighbour\n    objectType: secret\n',
    });
    expect(text).toContain('AADSTS700213');
    expect(text).toContain("'system:serviceaccount:default:hostile'");
  });

  it.each([
    ['of another form', () => lab.folder.endpointFile],
    ['that is no JSON', () => '/etc/passwd'],
    ['that is not there', () => '/root/none'],
  ])('is told nothing of the content of a file of the node %s', async (what, file) => {
    const text = await refusal(`reads-a-file-${what.replaceAll(' ', '-').toLowerCase()}`, {
      cloudName: 'AzureStackCloud',
      cloudEnvFileName: file(),
    });
    expect(text).toContain(file());
    expect(text).not.toMatch(new RegExp(`${controlToken.slice(0, 8)}|root:|nologin`));
  });
});

describe('what pods reach on the loopback address', () => {
  const accountToken = () => inPod('ordinary', 'cat /var/run/secrets/kubernetes.io/serviceaccount/token');

  it.each([
    ['GET', '/lab/status'],
    ['GET', '/lab/audit'],
    ['POST', '/lab/stop'],
    ['POST', '/lab/clock'],
    ['POST', '/lab/faults'],
    ['GET', '/'],
  ])('the control interface: %s %s wants the token of the state folder', async (method, path) => {
    for (const authorization of [
      undefined,
      'Bearer ',
      'Bearer undefined',
      `Bearer ${await accountToken()}`,
      `bearer ${controlToken}`,
      `Bearer ${controlToken.slice(0, -1)}`,
      `Basic ${Buffer.from(`:${controlToken}`).toString('base64')}`,
    ]) {
      expect(await statusOf(lab.lab.gatewayPort, method, path, authorization)).toBe(401);
    }
  });
});

function statusOf(port: number, method: string, path: string, authorization: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    request(
      { host: '127.0.0.1', port, method, path, headers: authorization === undefined ? {} : { authorization } },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    )
      .on('error', reject)
      .end();
  });
}
