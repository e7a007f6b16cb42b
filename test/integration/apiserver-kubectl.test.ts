import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiServer } from '../../src/lab/cluster/apiserver/index.ts';
import { startTestApiServer } from './support/api-server.ts';

// The API server alone, used by the real kubectl: no controllers and no kubelet.

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const PODS = { group: '', version: 'v1', resource: 'pods' };

const pod = (name: string, extra = '') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: demo } }
spec:
  nodeName: node-1
  containers:
  - { name: main, image: 'nginx:1'${extra} }
`;

const deployment = (more: { readonly replicas?: number; readonly label?: string; readonly env?: string } = {}) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web${more.label === undefined ? '' : `, extra: ${more.label}`} } }
spec:
  replicas: ${more.replicas ?? 2}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
      - name: main
        image: nginx:1
        env: [${more.env ?? '{ name: A, value: a }'}]
`;

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { kind: Widget, plural: widgets, singular: widget, shortNames: [wd] }
  versions:
  - name: v1
    served: true
    storage: true
    subresources: { status: {} }
    additionalPrinterColumns:
    - { name: Size, type: integer, jsonPath: .spec.size }
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [size]
            properties: { size: { type: integer, minimum: 1, description: How big it is. }, color: { type: string, default: red } }
`;

describe.skipIf(!hasKubectl)('the API server under kubectl (needs kubectl)', () => {
  let folder: string;
  let server: ApiServer;

  const run = (args: readonly string[], input = '', kubeconfig = 'admin') =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: join(folder, kubeconfig) };
      const child = execFile('kubectl', [...args], { env, timeout: 20_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout: stdout.trim(), stderr: stderr.trim() });
      });
      child.stdin?.end(input);
    });
  const kubectl = async (args: string, input = '') => {
    const { code, stdout, stderr } = await run(args.split(' '), input);
    if (code !== 0) throw new Error(`kubectl ${args}: ${stderr}`);
    return stdout;
  };
  const refusal = async (args: string, input = '', kubeconfig?: string) => {
    const { code, stderr } = await run(args.split(' '), input, kubeconfig);
    expect(code).not.toBe(0);
    return stderr;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kf-'));
    server = await startTestApiServer();
    const write = async (file: string, user: string, groups: readonly string[]) =>
      writeFileSync(join(folder, file), await server.issueKubeconfig({ user, groups, clusterName: 'lab' }), {
        mode: 0o600,
      });
    await write('admin', 'admin', ['system:masters']);
    await write('jane', 'jane', []);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test('apply creates, leaves alone, and changes by patch', async () => {
    expect(await kubectl('apply -f -', deployment())).toBe('deployment.apps/web created');
    expect(await kubectl('apply -f -', deployment())).toBe('deployment.apps/web unchanged');
    expect(await kubectl('apply -f -', deployment({ replicas: 3, env: '{ name: B, value: b }' }))).toBe(
      'deployment.apps/web configured',
    );
    const path = '{.spec.replicas} {.spec.template.spec.containers[0].env}';
    expect((await run(['get', 'deployment', 'web', '-o', `jsonpath=${path}`])).stdout).toBe(
      '3 [{"name":"B","value":"b"}]',
    );
    expect(await kubectl('scale deployment web --replicas=5')).toBe('deployment.apps/web scaled');
    expect(await kubectl('set image deployment/web main=nginx:2')).toBe('deployment.apps/web image updated');
    const { code, stdout } = await run(['diff', '-f', '-'], deployment());
    expect(code).toBe(1);
    expect(stdout).toMatch(/^-\s+image: nginx:2\n\+.*\n?.*\n?\+\s+image: nginx:1/m);
    expect(await kubectl('delete deployment web')).toContain('deleted');
  });

  test('apply refuses a field that does not exist', async () => {
    expect(await refusal('apply -f -', pod('typo', ', volumMounts: []'))).toContain(
      'strict decoding error: unknown field "spec.containers[0].volumMounts"',
    );
    expect(await kubectl('apply --validate=ignore -f -', pod('typo', ', volumMounts: []'))).toBe('pod/typo created');
    const warned = await run(['apply', '--validate=warn', '-f', '-'], pod('typo2', ', volumMounts: []'));
    expect(warned).toMatchObject({ code: 0, stderr: 'Warning: unknown field "spec.containers[0].volumMounts"' });
  });

  test('server-side apply owns fields, and says who owns them', async () => {
    await kubectl('apply --server-side -f -', deployment({ label: 'x' }));
    await kubectl('scale deployment web --replicas=5');
    expect(await refusal('apply --server-side -f -', deployment())).toContain(
      'Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas',
    );
    await kubectl('apply --server-side --force-conflicts -f -', deployment());
    expect((await run(['get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas} {.metadata.labels}'])).stdout).toBe(
      '2 {"app":"web"}',
    );
    await kubectl('delete deployment web');
  });

  test('get shows the columns that its users know', async () => {
    await kubectl('apply -f -', pod('table'));
    const status = {
      phase: 'Running',
      podIP: '10.0.0.7',
      containerStatuses: [
        { name: 'main', ready: true, restartCount: 2, image: 'nginx:1', imageID: '', state: { running: {} } },
      ],
    };
    await server.access.patch(PODS, { namespace: 'default', name: 'table' }, 'merge', { status }, 'status');
    const wide = (await kubectl('get pod table -o wide')).split('\n').map((line) =>
      line
        .split(/\s{2,}/)
        .slice(0, 4)
        .join('|'),
    );
    expect(wide).toEqual(['NAME|READY|STATUS|RESTARTS', 'table|1/1|Running|2']);
    expect(await kubectl('get pod table -o wide')).toMatch(/10\.0\.0\.7\s+node-1/);
    expect(
      await kubectl('get pods -l app=demo --field-selector spec.nodeName=node-1,metadata.name=table -o name'),
    ).toBe('pod/table');
    expect(await kubectl('get pod table -o yaml')).toContain('terminationMessagePath: /dev/termination-log');
    expect(await kubectl('get namespaces')).toMatch(/^NAME\s+STATUS\s+AGE\ndefault\s+Active/);
    expect(await kubectl('describe pod table')).toContain('kube-api-access-');
  });

  test('label, annotate, patch and wait', async () => {
    await kubectl('apply -f -', pod('edited'));
    await kubectl('label pod edited tier=front');
    await kubectl('annotate pod edited note=hello');
    expect(
      (await run(['patch', 'pod', 'edited', '--type=json', '-p', '[{"op":"remove","path":"/metadata/labels/app"}]']))
        .code,
    ).toBe(0);
    expect((await run(['get', 'pod', 'edited', '-o', 'jsonpath={.metadata.labels}'])).stdout).toBe('{"tier":"front"}');
    expect(await refusal('patch pod edited -p {"spec":{"hostname":"x"}}')).toContain(
      'pod updates may not change fields other than',
    );
    const waiting = kubectl('wait --for=condition=Ready pod/edited --timeout=10s');
    await server.access.patch(
      PODS,
      { namespace: 'default', name: 'edited' },
      'strategic',
      { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
      'status',
    );
    expect(await waiting).toBe('pod/edited condition met');
    const deleting = kubectl('delete pod edited');
    await expect.poll(() => kubectl('get pod edited -o jsonpath={.metadata.deletionGracePeriodSeconds}')).toBe('30');
    await server.access.delete(PODS, { namespace: 'default', name: 'edited' }, { gracePeriodSeconds: 0 });
    expect(await deleting).toContain('deleted');
  });

  test('get -w follows', async () => {
    const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: join(folder, 'admin') };
    const watching = spawn('kubectl', ['get', 'configmaps', '-w', '--output-watch-events'], { env });
    const lines: string[] = [];
    createInterface({ input: watching.stdout }).on('line', (line) =>
      lines.push(line.split(/\s+/).slice(0, 3).join(' ')),
    );
    await kubectl('create configmap followed --from-literal=a=b');
    await expect.poll(() => lines).toContain('ADDED followed 1');
    await kubectl('delete configmap followed');
    await expect.poll(() => lines).toContain('DELETED followed 1');
    expect(lines[0]).toBe('EVENT NAME DATA');
    watching.kill();
    await once(watching, 'exit');
  });

  test('custom resources: their definition, columns, defaults, explanation and refusals', async () => {
    await kubectl('apply -f -', definition);
    expect(await kubectl('wait --for=condition=Established crd/widgets.example.com --timeout=5s')).toContain(
      'condition met',
    );
    const widget = (spec: string) => `apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: w }\nspec: ${spec}\n`;
    expect(await kubectl('apply -f -', widget('{size: 3}'))).toBe('widget.example.com/w created');
    expect(await kubectl('apply -f -', widget('{size: 4}'))).toBe('widget.example.com/w configured');
    expect((await kubectl('get wd')).split(/\s+/).slice(0, 4)).toEqual(['NAME', 'SIZE', 'w', '4']);
    expect(await kubectl('get widget w -o jsonpath={.spec.color}')).toBe('red');
    expect(await refusal('apply -f -', widget('{size: 0}'))).toContain(
      'spec.size in body should be greater than or equal to 1',
    );
    expect(await refusal('apply -f -', widget('{size: 1, colour: red}'))).toContain('unknown field "spec.colour"');
    expect(await kubectl('explain widget.spec.size')).toContain('How big it is.');
    await kubectl('delete crd widgets.example.com');
    expect(await refusal('get widgets')).toContain('the server could not find the requested resource');
  });

  test('explain and api-resources know the built-in kinds', async () => {
    expect(await kubectl('explain pod.spec.containers')).toMatch(/FIELD: containers <\[\]Container>/);
    expect(await kubectl('explain deployment.spec.template.spec.volumes.csi')).toMatch(/driver\s+<string> -required-/);
    const resources = await kubectl('api-resources --no-headers');
    expect(resources).toMatch(/deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/);
    expect(resources).toMatch(/csidrivers\s+storage\.k8s\.io\/v1\s+false\s+CSIDriver/);
  });

  test('the create commands, which send protobuf', async () => {
    await kubectl('create namespace team');
    await kubectl('create secret generic keys --from-literal=a=b -n team');
    expect(await kubectl('get secret keys -n team -o jsonpath={.data.a}')).toBe('Yg==');
    await kubectl('create serviceaccount bot -n team');
    await kubectl('create deployment web --image=nginx --replicas=0 --port=80 -n team');
    expect(
      await kubectl('get deployment web -n team -o jsonpath={.spec.replicas}{.spec.template.spec.containers[0].ports}'),
    ).toBe('0[{"containerPort":80,"protocol":"TCP"}]');
    await kubectl('create role reader --verb=get,list --resource=pods -n team');
    await kubectl('create rolebinding reader --role=reader --user=jane --serviceaccount=team:bot -n team');
    const asJane = (args: string) => run(args.split(' '), '', 'jane');
    expect((await asJane('auth can-i list pods -n team')).stdout).toBe('yes');
    expect((await asJane('auth can-i list secrets -n team')).stdout).toBe('no');
    expect((await asJane('get pods -n team')).stderr).toContain('No resources found');
    expect(await refusal('get secrets -n team', '', 'jane')).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "team"',
    );
    expect((await run('auth can-i list pods -n team --as jane'.split(' '))).stdout).toBe('yes');
    expect((await run('auth can-i list pods -n team --as joe --as-group devs'.split(' '))).stdout).toBe('no');
    expect(await refusal('get pods -n team --as admin', '', 'jane')).toContain(
      'users "admin" is forbidden: User "jane" cannot impersonate resource "users"',
    );
    expect((await asJane('auth whoami -o jsonpath={.status.userInfo.username}')).stdout).toBe('jane');
  });

  test.each<[string, string, string]>([
    ['job once --image=busybox -- echo hi', 'job once', '["echo","hi"]'],
    [
      'service nodeport web --tcp=80:8080',
      'service web',
      '[{"name":"80-8080","port":80,"protocol":"TCP","targetPort":8080}]',
    ],
    ['service externalname out --external-name=example.com', 'service out', 'example.com'],
    ['poddisruptionbudget keep --selector=app=web --min-available=50%', 'pdb keep', '50%'],
    ['priorityclass high --value=1000 --preemption-policy=Never', 'priorityclass high', '1000 Never'],
    ['quota few --hard=cpu=1,pods=2', 'quota few', '{"cpu":"1","pods":"2"}'],
    ['ingress way --rule=foo.com/bar=web:8080', 'ingress way', 'foo.com /bar web 8080'],
  ])('create %s', async (command, object, expected) => {
    const paths: Record<string, string> = {
      job: '{.spec.template.spec.containers[0].command}',
      service: '{.spec.externalName}{.spec.ports}',
      pdb: '{.spec.minAvailable}',
      priorityclass: '{.value} {.preemptionPolicy}',
      quota: '{.spec.hard}',
      ingress:
        '{.spec.rules[0].host} {.spec.rules[0].http.paths[0].path} {.spec.rules[0].http.paths[0].backend.service.name} {.spec.rules[0].http.paths[0].backend.service.port.number}',
    };
    await kubectl(`create ${command}`);
    const [kind = ''] = object.split(' ');
    const { stdout } = await run(['get', ...object.split(' '), '-o', `jsonpath=${paths[kind] ?? ''}`]);
    expect(stdout.replace(/"nodePort":\d+,/, '')).toBe(expected);
  });

  test('a CronJob, a Job made from it by hand, and an autoscaler', async () => {
    const { stderr } = await run([
      'create',
      'cronjob',
      'tick',
      '--image=busybox',
      '--schedule=*/5 * * * *',
      '--',
      'date',
    ]);
    expect(stderr).toBe('');
    await kubectl('create job now --from=cronjob/tick');
    expect(await kubectl('get job now -o jsonpath={.metadata.annotations},{.spec.template.spec.restartPolicy}')).toBe(
      '{"cronjob.kubernetes.io/instantiate":"manual"},OnFailure',
    );
    await kubectl('create deployment scaled --image=nginx --replicas=0');
    await kubectl('autoscale deployment scaled --max=3');
    expect(await kubectl('get hpa scaled --no-headers')).toMatch(/^scaled +Deployment\/scaled +\S+ +\S+ +1 +3 +0 /);
  });

  test('a token of a service account is who it says', async () => {
    const token = await kubectl('create token default --duration=15m');
    const { stdout } = await run([
      '--kubeconfig=/dev/null',
      `--server=${server.url}`,
      '--insecure-skip-tls-verify',
      `--token=${token}`,
      'auth',
      'whoami',
      '-o',
      'jsonpath={.status.userInfo.username}',
    ]);
    expect(stdout).toBe('system:serviceaccount:default:default');
  });

  test('logs and exec, with input, outputs and exit codes', async () => {
    await kubectl('apply -f -', pod('shell'));
    expect(await kubectl('logs shell --tail=1')).toBe('second line');
    const ended = await run(['exec', 'shell', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect(ended).toMatchObject({
      code: 3,
      stdout: 'out',
      stderr: expect.stringContaining('err\ncommand terminated with exit code 3') as unknown,
    });
    expect((await run(['exec', '-i', 'shell', '--', 'cat'], 'from outside')).stdout).toBe('from outside');
    expect(await refusal('exec shell -c nobody -- true')).toContain('container nobody is not valid for pod shell');
  });
});
