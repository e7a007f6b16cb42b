import type { PolicyRule } from './authorizer.ts';

/** The parts of `wanted` that `held` does not allow, each for one verb on one thing (rbac validation.Covers). */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap(singleRules).filter((single) => !held.some((rule) => covers(rule, single)));
}

/** A rule taken apart: each part has one verb and one path, or one verb, group, resource and at most one name. */
function singleRules(rule: PolicyRule): PolicyRule[] {
  const names = rule.resourceNames ?? [];
  return rule.verbs.flatMap((verb) => [
    ...(rule.nonResourceURLs ?? []).map((url): PolicyRule => ({ verbs: [verb], nonResourceURLs: [url] })),
    ...(rule.apiGroups ?? []).flatMap((group) =>
      (rule.resources ?? []).flatMap((resource): PolicyRule[] => {
        const single = { verbs: [verb], apiGroups: [group], resources: [resource] };
        return names.length === 0 ? [single] : names.map((name) => ({ ...single, resourceNames: [name] }));
      }),
    ),
  ]);
}

function covers(held: PolicyRule, single: PolicyRule): boolean {
  if (!hasAll(held.verbs, single.verbs)) return false;
  const [url] = single.nonResourceURLs ?? [];
  if (url !== undefined) return (held.nonResourceURLs ?? []).some((pattern) => coversPath(pattern, url));
  const names = held.resourceNames ?? [];
  const wantedNames = single.resourceNames ?? [];
  const named = names.length === 0 || (wantedNames.length > 0 && wantedNames.every((name) => names.includes(name)));
  const [resource = ''] = single.resources ?? [];
  const subresource = resource.includes('/') ? [`*/${resource.slice(resource.indexOf('/') + 1)}`] : [];
  const resources = held.resources ?? [];
  return (
    named &&
    hasAll(held.apiGroups ?? [], single.apiGroups ?? []) &&
    ['*', resource, ...subresource].some((pattern) => resources.includes(pattern))
  );
}

function hasAll(held: readonly string[], wanted: readonly string[]): boolean {
  return held.includes('*') || wanted.every((value) => held.includes(value));
}

function coversPath(pattern: string, path: string): boolean {
  return pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)));
}

/** Rules as a refusal lists them, one a line, the verbs on one thing together. */
export function renderRules(rules: readonly PolicyRule[]): string {
  const lines = new Map<string, string[]>();
  for (const { verbs, ...on } of rules) {
    const { apiGroups, resources, resourceNames, nonResourceURLs } = on;
    const parts = Object.entries({
      APIGroups: apiGroups,
      Resources: resources,
      ResourceNames: resourceNames,
      NonResourceURLs: nonResourceURLs,
    }).flatMap(([name, values]) => (values === undefined ? [] : [`${name}:${quoted(values)}`]));
    const key = parts.join(', ');
    lines.set(key, [...(lines.get(key) ?? []), ...verbs]);
  }
  return [...lines].map(([on, verbs]) => `{${on}, Verbs:${quoted(verbs)}}`).join('\n');
}

/** A list of texts as Go prints it with %q. */
export function quoted(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}
