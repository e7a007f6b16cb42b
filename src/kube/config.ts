import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { inputError, KeyferryError, Secret, trimEndSlashes, yamlProblem, type Clock } from '#base';

/** Where the API server is and how this process proves who it is. */
export interface KubeConfig {
  /** `https://host:port`, perhaps with a path; no slash at its end. */
  readonly server: string;
  /** The namespace that is meant when none is named. */
  readonly namespace: string;
  readonly ca?: Buffer;
  readonly clientCertificate?: Buffer;
  readonly clientKey?: Secret<Buffer>;
  /** The name that the server's certificate must have, where it is not the host's. */
  readonly tlsServerName?: string;
  /** True only where a kubeconfig says `insecure-skip-tls-verify`. */
  readonly skipTlsVerify?: boolean;
  /**
   * The bearer token of now. A token file is read again about once a minute, because kubelet rotates it, and at once when the
   * one that is held is `refused`: after a suspension it has expired before it was read again.
   */
  readonly token?: (refused?: Secret<string>) => Promise<Secret<string>>;
}

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_AGE_MS = 60_000;
const MAX_KUBECONFIG_LENGTH = 8 * 1024 * 1024;

/** What {@link inClusterConfig} reads. */
export interface InClusterOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Where kubelet mounts `token`, `ca.crt` and `namespace`. Default: the well-known folder. */
  readonly folder?: string;
}

/** The configuration of a pod. Throws `failed-precondition` outside a cluster. */
export function inClusterConfig({ env, clock, folder = SERVICE_ACCOUNT_FOLDER }: InClusterOptions): KubeConfig {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (!host || !port) {
    throw new KeyferryError(
      'failed-precondition',
      'this process runs in no cluster: KUBERNETES_SERVICE_HOST is not set',
      {
        hint: 'Give the path of a kubeconfig with --kubeconfig.',
      },
    );
  }
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: readText(`${folder}/namespace`)?.trim() || 'default',
    ca: read(`${folder}/ca.crt`),
    token: tokenFile(`${folder}/token`, clock),
  };
}

const named = <T extends z.ZodType>(name: string, value: T) => z.object({ name: z.string(), [name]: value });

const kubeconfigSchema = z.object({
  'current-context': z.string().optional(),
  clusters: z
    .array(
      named(
        'cluster',
        z.object({
          server: z.string(),
          'certificate-authority': z.string().optional(),
          'certificate-authority-data': z.string().optional(),
          'insecure-skip-tls-verify': z.boolean().optional(),
          'tls-server-name': z.string().optional(),
        }),
      ),
    )
    .nullish(),
  contexts: z
    .array(named('context', z.object({ cluster: z.string(), user: z.string(), namespace: z.string().optional() })))
    .nullish(),
  users: z
    .array(
      named(
        'user',
        z
          .object({
            'client-certificate': z.string().optional(),
            'client-certificate-data': z.string().optional(),
            'client-key': z.string().optional(),
            'client-key-data': z.string().optional(),
            token: z.string().optional(),
            tokenFile: z.string().optional(),
            exec: z.unknown().optional(),
          })
          .nullable(),
      ),
    )
    .nullish(),
});

/** What {@link parseKubeconfig} needs beside the text. */
export interface KubeconfigOptions {
  readonly clock: Clock;
  /** Relative paths in the file start here. */
  readonly folder: string;
  /** Default: the file's current context. */
  readonly context?: string;
}

/** Reads the text of a kubeconfig (client-go's v1 Config). Credential plugins (`exec`) are not supported and say so. */
export function parseKubeconfig(text: string, { clock, folder, context }: KubeconfigOptions): KubeConfig {
  const parsed = kubeconfigSchema.safeParse(readYaml(text));
  if (!parsed.success) {
    throw inputError(
      'the kubeconfig is wrong',
      parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
    );
  }
  const file = parsed.data;
  const contextName = context ?? file['current-context'];
  const chosen = file.contexts?.find((entry) => entry.name === contextName)?.['context'] as
    { cluster: string; user: string; namespace?: string } | undefined;
  if (chosen === undefined) {
    const names = (file.contexts ?? []).map((entry) => entry.name as string).join(', ');
    throw new KeyferryError(
      'invalid-input',
      contextName ? `the kubeconfig has no context "${contextName}"` : 'the kubeconfig names no current context',
      { hint: names === '' ? 'It has no contexts at all.' : `It has ${names}.` },
    );
  }
  const cluster = file.clusters?.find((entry) => entry.name === chosen.cluster)?.['cluster'] as
    (Record<string, string | undefined> & { 'insecure-skip-tls-verify'?: boolean }) | undefined;
  if (cluster === undefined) {
    throw new KeyferryError('invalid-input', `the kubeconfig has no cluster "${chosen.cluster}"`);
  }
  const user = (file.users?.find((entry) => entry.name === chosen.user)?.['user'] ?? {}) as Record<
    string,
    string | undefined
  >;
  if (user['exec'] !== undefined) {
    throw new KeyferryError('unsupported', `the kubeconfig's user "${chosen.user}" needs a credential plugin (exec)`, {
      hint: 'Use a kubeconfig with a client certificate or a token.',
    });
  }
  const material = (holder: Record<string, string | undefined>, name: string): Buffer | undefined => {
    const inline = holder[`${name}-data`];
    if (inline !== undefined && inline !== '') return Buffer.from(inline, 'base64');
    const path = holder[name];
    return path === undefined || path === '' ? undefined : read(resolve(folder, path));
  };
  const ca = material(cluster as Record<string, string | undefined>, 'certificate-authority');
  const clientCertificate = material(user, 'client-certificate');
  const clientKey = material(user, 'client-key');
  const token = user['token'];
  const tokenPath = user['tokenFile'];
  return {
    server: trimEndSlashes(cluster['server'] as string),
    namespace: chosen.namespace || 'default',
    ...(ca && { ca }),
    ...(clientCertificate && { clientCertificate }),
    ...(clientKey && { clientKey: new Secret(clientKey) }),
    ...(cluster['tls-server-name'] && { tlsServerName: cluster['tls-server-name'] as string }),
    ...(cluster['insecure-skip-tls-verify'] === true && { skipTlsVerify: true }),
    ...(tokenPath
      ? { token: tokenFile(resolve(folder, tokenPath), clock) }
      : token && { token: () => Promise.resolve(new Secret(token)) }),
  };
}

/** Its text holds credentials: what is wrong with it is told by its place, never by its content. */
function readYaml(text: string): unknown {
  const problem = text.length > MAX_KUBECONFIG_LENGTH ? 'is larger than 8 MiB' : yamlProblem(text);
  if (problem !== undefined) throw inputError('the kubeconfig is wrong', [{ path: '', message: problem }]);
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  try {
    if (error === undefined) return document.toJS();
  } catch {
    throw inputError('the kubeconfig is wrong', [{ path: '', message: 'has aliases that lead nowhere' }]);
  }
  const line = text.slice(0, error.pos[0]).split('\n').length;
  throw inputError('the kubeconfig is wrong', [{ path: `line ${line}`, message: error.code }]);
}

/** The configuration in the kubeconfig file at `path`. Throws `invalid-input` when it can't be read. */
export function loadKubeconfig(path: string, clock: Clock, context?: string): KubeConfig {
  return parseKubeconfig(read(path).toString('utf8'), {
    clock,
    folder: dirname(resolve(path)),
    ...(context !== undefined && { context }),
  });
}

function tokenFile(path: string, clock: Clock): NonNullable<KubeConfig['token']> {
  let held: { readonly token: Secret<string>; readonly readAtMs: number } | undefined;
  return async (refused) => {
    if (held === undefined || held.token === refused || clock.monotonic() - held.readAtMs >= TOKEN_AGE_MS) {
      held = { token: new Secret((await readFile(path, 'utf8')).trim()), readAtMs: clock.monotonic() };
    }
    return held.token;
  };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new KeyferryError('invalid-input', `cannot read ${path}`, { cause: error });
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the namespace file is optional
  }
}
