import type { Args } from '../args.ts';
import type { CommandContext } from '../context.ts';
import { AzError } from '../errors.ts';
import { objectsAt, textAt, type JsonObject } from '../json.ts';
import { kubeconfigPath, mergeKubeconfigFile } from '../kubeconfig.ts';

/** Puts the kubeconfig of a credential reply where `az aks get-credentials` puts it. */
export async function getCredentials(context: CommandContext, args: Args, reply: JsonObject): Promise<void> {
  const { io } = context;
  const encoded = textAt(objectsAt(reply, 'kubeconfigs')[0], 'value');
  if (encoded === undefined) throw new AzError('error', 'No Kubernetes credentials found.');
  const addition = Buffer.from(encoded, 'base64').toString('utf8');
  const file = args.optional('file');
  if (file === '-') {
    io.stdout(addition.endsWith('\n') ? addition : `${addition}\n`);
    return;
  }
  const path = file ?? kubeconfigPath(io.env);
  const current = await mergeKubeconfigFile(io, {
    path,
    addition,
    overwrite: args.flag('overwrite'),
    contextName: args.optional('contextName'),
  });
  context.warn(`Merged "${current}" as current context in ${path}`);
}
