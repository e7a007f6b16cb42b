/** Upstream's Azure provider and ours beside each other, with the emulated Azure, asked the same as a driver asks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createDisposeStack, errorText, systemClock } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { packageRoot } from '#lab/session';
import { CSIDriverProviderClient, type MountResponse } from '../../../src/gen/v1alpha1/provider.ts';
import type { CloudLab } from '../../integration/support/cloud-lab.ts';
import { eventually } from '../../support/test-lab.ts';
import { useClient } from '../support/clients.ts';

/** What a mount answered: every file with its mode and its bytes, every object with its version; or the words of its failure. */
type MountAnswer =
  | { readonly files: Readonly<Record<string, string>>; readonly versions: Readonly<Record<string, string>> }
  | { readonly error: string };

/** The texts of a `Mount`, as they travel. */
interface MountTexts {
  readonly attributes: string;
  readonly secrets: string;
  readonly permission: string;
}

/** One request's answers. */
export interface PairedAnswers {
  readonly ours: MountAnswer;
  readonly upstream: MountAnswer;
}

/** Both providers. */
export interface ProviderPair extends AsyncDisposable {
  ask(texts: MountTexts): Promise<PairedAnswers>;
}

/** Starts both programs with the same flags, of upstream. */
export async function startProviderPair(lab: CloudLab, flags: readonly string[]): Promise<ProviderPair> {
  const stack = createDisposeStack();
  const folder = await mkdtemp(join(lab.folder, 'pair-'));
  const ca = join(lab.folder, 'ca.pem');
  const env = {
    PATH: process.env['PATH'],
    HTTPS_PROXY: lab.cloud.gateway.proxyUrl,
    NO_PROXY: '127.0.0.1,localhost',
    SSL_CERT_FILE: ca,
    NODE_EXTRA_CA_CERTS: ca,
  };
  const start = async (name: string, [program = '', ...words]: readonly string[]) => {
    const socket = join(folder, `${name}.sock`);
    const args = [...words, `--endpoint=unix://${socket}`, '--healthz-port=0', '--prometheus-port=0', ...flags];
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    stack.defer(async () => {
      const gone = once(child, 'exit');
      if (child.kill('SIGKILL')) await gone;
    });
    const client = createGrpcClient(CSIDriverProviderClient, socket);
    stack.defer(async () => client.close());
    await eventually(`${name} serves`, async () => {
      const request = { version: 'v1alpha1' };
      const answer = await callUnary(client, 'version', request, { timeoutMs: 5000 }, systemClock).catch(
        () => undefined,
      );
      return answer === undefined ? { seen: output } : { found: true };
    });
    return async (texts: MountTexts): Promise<MountAnswer> => {
      const request = { ...texts, targetPath: '/unused', currentObjectVersion: [] };
      return callUnary(client, 'mount', request, { timeoutMs: 60_000 }, systemClock).then(
        readable,
        (error: unknown) => ({
          error: errorText(error),
        }),
      );
    };
  };
  try {
    const ours = await start('ours', [process.execPath, join(packageRoot(), 'bin', 'keyferry'), 'provider']);
    const upstream = await start('upstream', [useClient('upstream-node').programs['upstream-provider'] ?? '']);
    return {
      async ask(texts) {
        const [first, second] = await Promise.all([ours(texts), upstream(texts)]);
        return { ours: first, upstream: second };
      },
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

function readable({ files, objectVersion }: MountResponse): MountAnswer {
  const shown = files.map(({ path, mode, contents }) => [path, `${mode.toString(8)} ${textOrBytes(contents)}`]);
  return {
    files: Object.fromEntries(shown),
    versions: Object.fromEntries(objectVersion.map(({ id, version }) => [id, version])),
  };
}

/** Bytes that are no text are shown in hex, so that a difference can be read. */
function textOrBytes(contents: Uint8Array): string {
  const text = Buffer.from(contents).toString('utf8');
  return Buffer.from(text).equals(contents) ? text : `hex ${Buffer.from(contents).toString('hex')}`;
}
