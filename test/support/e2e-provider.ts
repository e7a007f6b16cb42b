import { Secret, silentLog, systemClock, KeyferryError } from '#base';
import { startProviderServer, TOKENS_ATTRIBUTE, type ProviderMountRequest } from '#providerapi';

/** What {@link startE2eProvider} is started with. */
export interface E2eProviderOptions {
  readonly socketPath: string;
  /** The value of each object, by name. */
  readonly values: ReadonlyMap<string, string>;
  /** A mount without a token for this audience is refused. */
  readonly audience: string;
}

/** The provider of upstream's test/e2eprovider: objects with fixed values, and a switch by which a secret is rotated. */
export interface E2eProvider extends AsyncDisposable {
  /** While it is true, the first object of a class is `rotated` in version v2. */
  rotated: boolean;
  /** The audiences of the tokens that came with the mounts. */
  readonly audiences: ReadonlySet<string>;
}

/** Serves an {@link E2eProvider} on a socket in the folder of a driver. */
export async function startE2eProvider({ socketPath, values, audience }: E2eProviderOptions): Promise<E2eProvider> {
  const audiences = new Set<string>();
  const mount = async ({ attributes, permission }: ProviderMountRequest) => {
    const tokens = JSON.parse(attributes[TOKENS_ATTRIBUTE] ?? '{}') as Record<string, unknown>;
    for (const name of Object.keys(tokens)) audiences.add(name);
    if (!(audience in tokens)) throw new KeyferryError('unknown', `no token for the audience ${audience}`);
    const names = [...(attributes['objects'] ?? '').matchAll(/objectName: (\S+)/g)].map(([, name = '']) => name);
    const objects = names.map((name, index) => {
      const rotates = e2e.rotated && index === 0;
      return { name, version: rotates ? 'v2' : 'v1', value: rotates ? 'rotated' : (values.get(name) ?? '') };
    });
    return {
      files: objects.map(({ name, value }) => ({
        path: name,
        mode: permission,
        contents: new Secret<Uint8Array>(Buffer.from(value)),
      })),
      versions: objects.map(({ name, version }) => ({ id: `secret/${name}`, version })),
    };
  };
  const server = await startProviderServer({
    provider: { name: 'e2e-provider', version: '0.0.1', mount },
    socketPath,
    runtimeName: 'e2e-provider',
    clock: systemClock,
    log: silentLog,
  });
  const e2e = {
    rotated: false,
    audiences,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return e2e;
}
