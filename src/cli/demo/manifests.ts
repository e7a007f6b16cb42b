import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyferryError, systemClock } from '#base';
import { applyManifests, parseManifests, type KubeClient } from '#kube';
import { packageRoot } from '#lab/session';

/** Applies a manifest of `examples/` with its `${NAME}`s filled in, as `kubectl apply` would. */
export async function applyExample(
  client: KubeClient,
  file: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const text = await readFile(join(packageRoot(), 'examples', file), 'utf8');
  const filled = text.replaceAll(/\$\{([A-Z_]+)\}/g, (_match, name: string) => {
    const value = values[name];
    if (value === undefined) throw new KeyferryError('internal', `${file}: nobody knows \${${name}}`);
    return value;
  });
  await applyManifests({ client, clock: systemClock, fieldManager: 'keyferry-demo' }, parseManifests(filled));
}
