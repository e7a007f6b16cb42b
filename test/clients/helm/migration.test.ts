import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDisposeStack } from '#base';
import { packageRoot } from '#lab/session';
import { makeCluster, startTestLab } from '../../support/test-lab.ts';
import { describeWithClients, withClients } from '../support/clients.ts';

// The commands that `keyferry migrate check` prints are run as they are printed, there and back, on a cluster with a chart that has
// the objects of upstream's. That running pods keep their files on the way is ../csi/migration.test.ts.

const SHOP = fileURLToPath(new URL('files/shop.yaml', import.meta.url));
const UPSTREAM = fileURLToPath(new URL('../charts/upstream', import.meta.url));
const stack = createDisposeStack();
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  const lab = stack.use(await startTestLab());
  stack.use(await makeCluster(lab, '', ''));
  folder = mkdtempSync(join(tmpdir(), 'keyferry-migration-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // The commands name the chart as it is in the package.
  await symlink(join(packageRoot(), 'charts'), join(folder, 'charts'));
  env = { ...withClients(lab.env, 'kubectl-and-helm'), KUBECONFIG: lab.folder.kubeconfig };
});
afterAll(() => stack[Symbol.asyncDispose]());

interface Ended {
  readonly code: number;
  readonly out: string;
}

/** What a script wrote. Throws with it where the script failed. */
async function done(script: string): Promise<string> {
  const { code, out } = await bash(script);
  if (code !== 0) throw new Error(`${script}\n${out}`);
  return out;
}

/** Runs a script as a person pastes it into a shell that stops at the first failure. */
function bash(script: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile('bash', ['-ec', `exec 2>&1\n${script}`], { cwd: folder, env }, (error, out) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out });
    });
  });
}

interface Report {
  readonly programs: readonly { readonly role: string; readonly chart?: string }[];
  readonly findings: readonly { readonly id: string; readonly weight: string }[];
  readonly values: unknown;
  readonly way: Readonly<Record<'there' | 'back', readonly { readonly lines: readonly string[] }[]>>;
}

const migrateCheck = () =>
  bash(`${process.execPath} ${join(packageRoot(), 'bin', 'keyferry')} migrate check --output json`);

const scriptOf = (steps: Report['way']['there']) => steps.flatMap(({ lines }) => lines).join('\n');

describeWithClients('the commands of migrate check', ['kubectl-and-helm'], () => {
  it('lead to Keyferry and back', async () => {
    await done(`helm install akv ${UPSTREAM} -n kube-system --wait --timeout 60s`);
    // As the Job of upstream's chart does: no release owns the kinds.
    await done('helm template x charts/keyferry -s templates/crd-secretproviderclasses.yaml | kubectl apply -f -');
    await done('kubectl wait --for=condition=Established crd/secretproviderclasses.secrets-store.csi.x-k8s.io');
    await done(`sed 's/CLIENT_ID/id/;s/TENANT_ID/tenant/;/^---/,$d' ${SHOP} | kubectl apply -f -`);

    const checked = await migrateCheck();
    expect(checked).toMatchObject({ code: 0 });
    const report = JSON.parse(checked.out) as Report;
    expect(report.programs).toMatchObject([
      { role: 'driver', chart: 'csi-secrets-store-provider-azure-1.8.2' },
      { role: 'azure-provider', chart: 'csi-secrets-store-provider-azure-1.8.2' },
    ]);
    expect(report.values).toEqual({ enableSecretRotation: false, syncSecret: { enabled: false } });

    await done(scriptOf(report.way.there.slice(0, -1)));
    expect(await done('helm list -A --short')).toBe('keyferry\n');
    expect(await migrateCheck()).toMatchObject({
      code: 3,
      out: expect.stringContaining('Keyferry runs in this cluster') as string,
    });
    const seen = '{.items[*].spec.containers[*].image} {.items[*].status.phase}';
    expect(await done(`kubectl get pods -n kube-system -o jsonpath="${seen}"`)).toMatch(
      /^ghcr\.io\/keyferry\/keyferry:\S+ Running$/,
    );

    await done(scriptOf(report.way.back));
    expect(await done('helm list -A --short')).toBe('akv\n');
    expect(await done('kubectl get secretproviderclasses -o name')).toBe(
      'secretproviderclass.secrets-store.csi.x-k8s.io/shop\n',
    );
  }, 240_000);
});
