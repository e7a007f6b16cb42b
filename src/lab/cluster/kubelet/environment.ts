import type { ConfigMap, Container, Pod, SecretObject } from '#kube';
import { fieldValue, resourceFieldValue, type NodeFacts } from './downward.ts';

/** A reference in a container's spec that has no answer yet: the container waits with CreateContainerConfigError. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

/** What {@link buildEnvironment} looks things up in. Objects that do not exist are undefined. */
export interface EnvironmentSources {
  secret(name: string): Promise<SecretObject | undefined>;
  configMap(name: string): Promise<ConfigMap | undefined>;
  readonly node: NodeFacts;
  readonly nodeResources: Readonly<Record<string, number>>;
  /** Set by the kubelet; the spec's entries win over them. */
  readonly defaults: Readonly<Record<string, string>>;
}

/** One variable. */
export interface EnvEntry {
  readonly name: string;
  readonly value: string;
}

/** The container's environment as Kubernetes makes it: defaults, then envFrom, then env. Throws {@link ContainerConfigError}. */
export async function buildEnvironment(
  pod: Pod,
  container: Container,
  sources: EnvironmentSources,
): Promise<EnvEntry[]> {
  const namespace = pod.metadata?.namespace ?? 'default';
  const values = new Map<string, string>();
  for (const from of container.envFrom ?? []) {
    const prefix = from.prefix ?? '';
    const ref = from.configMapRef ?? from.secretRef;
    if (ref?.name === undefined) continue;
    const data =
      from.configMapRef === undefined
        ? decodeSecret(await sources.secret(ref.name))
        : (await sources.configMap(ref.name))?.data;
    if (data === undefined) {
      const kind = from.configMapRef === undefined ? 'secret' : 'configmap';
      const exists = from.configMapRef !== undefined && (await sources.configMap(ref.name)) !== undefined;
      if (ref.optional === true || exists) continue;
      throw new ContainerConfigError(`${kind} "${ref.name}" not found`);
    }
    for (const [key, value] of Object.entries(data)) {
      if (/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(prefix + key)) values.set(prefix + key, value);
    }
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (valueFrom === undefined) {
      values.set(
        name,
        expandVariables(value ?? '', (key) => values.get(key) ?? sources.defaults[key]),
      );
      continue;
    }
    const found = await resolveReference(pod, container, namespace, valueFrom, sources);
    if (found !== undefined) values.set(name, found);
  }
  const all = new Map([...Object.entries(sources.defaults), ...values]);
  return [...all].map(([name, value]) => ({ name, value }));
}

async function resolveReference(
  pod: Pod,
  container: Container,
  namespace: string,
  from: NonNullable<NonNullable<Container['env']>[number]['valueFrom']>,
  sources: EnvironmentSources,
): Promise<string | undefined> {
  if (from.fieldRef !== undefined) {
    const value = fieldValue(pod, from.fieldRef.fieldPath, sources.node);
    if (value === undefined) throw new ContainerConfigError(`unsupported fieldPath: ${from.fieldRef.fieldPath}`);
    return value;
  }
  if (from.resourceFieldRef !== undefined) {
    const { resource, divisor, containerName } = from.resourceFieldRef;
    const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
    const owner = containerName === undefined ? container : all.find(({ name }) => name === containerName);
    const value = resourceFieldValue(owner?.resources as never, { resource, divisor }, sources.nodeResources);
    if (value === undefined) throw new ContainerConfigError(`unsupported container resource : ${resource}`);
    return value;
  }
  const [ref, kind, data] =
    from.secretKeyRef === undefined
      ? ([from.configMapKeyRef, 'ConfigMap', await configMapData(from.configMapKeyRef?.name, sources)] as const)
      : ([from.secretKeyRef, 'Secret', decodeSecret(await sources.secret(from.secretKeyRef.name ?? ''))] as const);
  if (ref === undefined) return undefined;
  const value = data?.[ref.key];
  if (value !== undefined || ref.optional === true) return value;
  if (data === undefined) throw new ContainerConfigError(`${kind.toLowerCase()} "${ref.name ?? ''}" not found`);
  throw new ContainerConfigError(`couldn't find key ${ref.key} in ${kind} ${namespace}/${ref.name ?? ''}`);
}

async function configMapData(
  name: string | undefined,
  sources: EnvironmentSources,
): Promise<Readonly<Record<string, string>> | undefined> {
  const found = name === undefined ? undefined : await sources.configMap(name);
  return found === undefined ? undefined : (found.data ?? {});
}

function decodeSecret(secret: SecretObject | undefined): Record<string, string> | undefined {
  if (secret === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}

/** Replaces `$(NAME)`; `$$` is a dollar sign; an unknown name stays as it is (k8s.io/kubernetes third_party/forked/golang/expansion). */
export function expandVariables(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (lookup(name) ?? whole),
  );
}
