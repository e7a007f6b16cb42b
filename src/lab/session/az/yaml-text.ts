// Loaded only by commands that read or print YAML; see transport.ts for why it is a module of its own.
import { parse, stringify } from 'yaml';
import type { Json } from './json.ts';

/** YAML text to a value. Throws the parser's error. */
export function parseYaml(text: string): unknown {
  return parse(text) as unknown;
}

/** A value as YAML 1.1, as PyYAML and Kubernetes' tools write it: lists not indented, `yes` and the like quoted. */
export function renderYaml(value: Json): string {
  return stringify(value, {
    version: '1.1',
    indentSeq: false,
    singleQuote: true,
    aliasDuplicateObjects: false,
    lineWidth: 0,
  });
}
