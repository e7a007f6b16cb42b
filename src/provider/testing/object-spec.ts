import type { ObjectSpec } from '../parameters/object-spec.ts';

/** The entry of a secret `one` that says nothing else. */
export function objectSpec(changes: Partial<ObjectSpec> = {}): ObjectSpec {
  return {
    at: 'spec.parameters.objects[0]',
    line: 2,
    type: 'secret',
    name: 'one',
    vault: undefined,
    path: changes.name ?? 'one',
    version: undefined,
    versionChoice: 'current',
    versionHistory: 0,
    optional: false,
    selection: undefined,
    json: undefined,
    separateFiles: undefined,
    format: 'pem',
    encoding: 'utf-8',
    mode: undefined,
    ...changes,
  };
}
