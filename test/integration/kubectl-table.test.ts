import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiServer } from '../../src/lab/cluster/apiserver/index.ts';
import { startTestApiServer } from './support/api-server.ts';

// Everyday invocations of kubectl and what a person knows them to print. One server; the rows follow on each other.

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

const map = (name: string, more = '"data":{"a":"1"}') =>
  `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},${more}}`;
const unknown = '{"apiVersion":"nope.io/v1","kind":"Nope","metadata":{"name":"x"}}';
const missing =
  'error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Nope" in version "nope.io/v1"\nensure CRDs are installed first';

type Row = readonly [args: string, expected: string | RegExp, input?: string];

/** What they print, on success the standard output, on failure the standard error. */
const ROWS: readonly Row[] = [
  ['apply -f -', missing, unknown],
  ['apply --server-side -f -', missing, unknown],
  ['create -f -', missing, unknown],
  ['delete -f -', missing, unknown],
  ['apply -f -', 'configmap/m created', `{"apiVersion":"v1","kind":"List","items":[${map('m')}]}`],
  ['apply -f -', 'configmap/m unchanged', map('m')],
  ['diff -f -', '', map('m')],
  ['apply -f -', 'configmap/m configured', map('m', '"data":{"b":"2"}')],
  ['get cm m -o jsonpath={.data}', '{"b":"2"}'],
  ['apply -f -', /strict decoding error: unknown field "dataa"$/, map('m', '"dataa":{}')],
  ['apply view-last-applied cm/m', /^apiVersion: v1\ndata:\n {2}b: "2"/],
  ['apply --dry-run=server -f -', 'configmap/m configured (server dry run)', map('m')],
  ['create cm other --from-literal=a=b --dry-run=server', 'configmap/other created (server dry run)'],
  ['get cm other', 'Error from server (NotFound): configmaps "other" not found'],
  ['replace -f -', 'configmap/m replaced', map('m')],
  ['replace -f -', /NotFound.*configmaps "gone" not found$/, map('gone')],
  [
    'create -f -',
    'Error from server (AlreadyExists): error when creating "STDIN": configmaps "m" already exists',
    map('m'),
  ],
  ['label cm m a=b', 'configmap/m labeled'],
  ['label cm m a=c', "error: 'a' already has a value (b), and --overwrite is false"],
  ['label cm m a=c --overwrite', 'configmap/m labeled'],
  ['label cm m a-', 'configmap/m unlabeled'],
  ['annotate cm m n=v', 'configmap/m annotated'],
  ['annotate cm m n-', 'configmap/m annotated'],
  ['get cm m -o jsonpath={.metadata.labels}{.metadata.annotations}', ''],
  ['patch cm m -p {"data":{"x":"y"}}', 'configmap/m patched'],
  ['patch cm m -p {"data":{"x":"y"}}', 'configmap/m patched (no change)'],
  ['patch cm m --type=merge -p {"data":{"x":null}}', 'configmap/m patched'],
  [
    'patch cm m --type=json -p [{"op":"test","path":"/data/a","value":"no"}]',
    /^The request is invalid: .*test failed$/,
  ],
  ['patch cm gone -p {}', 'Error from server (NotFound): configmaps "gone" not found'],
  ['get cm -l a=((', /^Error from server \(BadRequest\).*unable to parse requirement/],
  ['get cm --field-selector=x=y', /"x" is not a known field selector: only "metadata.name", "metadata.namespace"$/],
  ['get cm --chunk-size=1 -o name', 'configmap/m'],
  ['get cm m gone -o name', /^Error from server \(NotFound\): configmaps "gone" not found$/],
  ['get nosuchkind', 'error: the server doesn\'t have a resource type "nosuchkind"'],
  ['get cm -o custom-columns=N:.metadata.name,X:.spec.x', /^N\s+X\nm\s+<none>$/],
  ['get cm -o go-template={{range.items}}{{.metadata.name}}{{end}}', 'm'],
  [
    'delete ns default',
    'Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted',
  ],
  [
    'create -f -',
    /quantities must match the regular expression/,
    '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"abc"}}}]}}',
  ],
  ['create deployment web --image=nginx --replicas=2', 'deployment.apps/web created'],
  ['scale deployment web --replicas=1 --current-replicas=9', 'error: Expected replicas to be 9, was 2'],
  ['set env deployment/web A=b', 'deployment.apps/web env updated'],
  ['set env deployment/web --list', '# Deployment web, container nginx\nA=b'],
  ['rollout pause deployment/web', 'deployment.apps/web paused'],
  ['rollout resume deployment/web', 'deployment.apps/web resumed'],
  ['explain deployment.spec.strategy.rollingUpdate', /maxSurge\t<IntOrString>/],
  ['explain pod.spec.containers.resources', /limits\t<map\[string\]Quantity>/],
  ['explain pod.spec.nope', /error: field "nope" does not exist$/],
  ['top pods', 'error: Metrics API not available'],
  ['auth can-i get pods', 'yes'],
  ['auth can-i create deployments.apps --as=system:serviceaccount:default:default', /^$/],
  ['create role wide --verb=* --resource=secrets', 'role.rbac.authorization.k8s.io/wide created'],
  [
    'create rolebinding b --clusterrole=edit --serviceaccount=default:default',
    'rolebinding.rbac.authorization.k8s.io/b created',
  ],
  [
    'create rolebinding c --role=wide --user=x --as=system:serviceaccount:default:default',
    /rolebindings.rbac.authorization.k8s.io is forbidden/,
  ],
  ['delete cm m', /^configmap "m" deleted/],
  ['delete cm m --ignore-not-found', ''],
];

describe.skipIf(!hasKubectl)('everyday kubectl (needs kubectl)', () => {
  let folder: string;
  let server: ApiServer;

  const run = (args: string, input = '') =>
    new Promise<string>((resolve) => {
      const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: join(folder, 'admin') };
      const child = execFile('kubectl', args.split(' '), { env, timeout: 20_000 }, (error, stdout, stderr) =>
        resolve((error === null ? stdout : stderr).trim()),
      );
      child.stdin?.end(input);
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kf-'));
    server = await startTestApiServer();
    const kubeconfig = await server.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'lab' });
    writeFileSync(join(folder, 'admin'), kubeconfig, { mode: 0o600 });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const rows = ROWS.map(([args, expected, input]) => ({
    args,
    expected: typeof expected === 'string' ? new RegExp(`^${escaped(expected)}$`) : expected,
    input,
  }));
  test.each(rows)('$args', async ({ args, expected, input }) => {
    expect(await run(args, input)).toMatch(expected);
  });
});
