/** A path that asks for something attached to any resource, taken apart. */
export interface ExtensionPath {
  /** The ARM id of what it is attached to; `/` for the tenant. */
  readonly scope: string;
  /** The rest, from `providers` on. */
  readonly rest: readonly string[];
}

/** What can be attached to any scope: `<scope>/providers/<namespace>/<type>`, in lower case. */
const EXTENSIONS = [
  'microsoft.authorization/roleassignments',
  'microsoft.authorization/roledefinitions',
  'microsoft.authorization/permissions',
  'microsoft.authorization/denyassignments',
  'microsoft.authorization/locks',
  'microsoft.resources/tags',
];

/** Takes the path of an extension resource apart; undefined for any other path. */
export function splitExtension(segments: readonly string[]): ExtensionPath | undefined {
  const at = segments.map((part) => part.toLowerCase()).lastIndexOf('providers');
  const type = segments
    .slice(at + 1, at + 3)
    .join('/')
    .toLowerCase();
  if (at < 0 || !EXTENSIONS.includes(type)) return undefined;
  return { scope: `/${segments.slice(0, at).join('/')}`, rest: segments.slice(at) };
}
