import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type Node } from 'yaml';
import { nearest, yamlProblem, type Issue } from '#base';
import { readYaml } from './objects-yaml.ts';

/** Where the text of `objects` stands in a class, for messages about it. */
export const OBJECTS_PATH = 'spec.parameters.objects';

/** One entry of `objects` as it was written. */
export interface ObjectEntry {
  /** For example `spec.parameters.objects[2]`. */
  readonly at: string;
  /** The line of the `objects` text where it begins. */
  readonly line: number;
  /** Its fields; what is no text is a list or a map. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The line of the `objects` text where a field stands, or where the entry begins if it has no such field. */
  lineOf(field: string): number;
}

const MAX_OBJECTS = 1000;
/** What etcd takes of a whole class is not much more; ten times of it would hold the provider up for seconds. */
const MAX_TEXT_LENGTH = 1024 * 1024;
/** An entry has ten fields, the longest of which is a path. A list may have the same long entry a hundred times by alias. */
const MAX_ENTRY_LENGTH = 16 * 1024;
const MAX_DEPTH = 20;

const EXAMPLE = 'begin the text with a line "array:" and list the objects below it';

/**
 * Reads the entries of an `objects` text: YAML with an `array`, each entry a YAML text (as upstream asks) or a map. Adds
 * what is wrong to `issues`, each with the line of the whole text that a person has to look at.
 */
export function readObjectEntries(text: string, issues: Issue[]): ObjectEntry[] {
  const refuse = (message: string, line?: number): [] => {
    issues.push({ path: OBJECTS_PATH, message, ...(line === undefined ? {} : { line }) });
    return [];
  };
  const tooLarge = sizeProblem(text, MAX_TEXT_LENGTH);
  if (tooLarge !== undefined) return refuse(`failed to yaml unmarshal objects, error: ${tooLarge}`);
  const root = readYaml(text);
  if (!root.ok) return refuse(`failed to yaml unmarshal objects, error: ${root.problem.message}`, root.problem.line);
  const entries = isRecord(root.value) ? root.value['array'] : undefined;
  if (!Array.isArray(entries) || entries.length === 0) {
    // An empty list would be an empty volume, which the driver refuses in words that help nobody.
    return refuse(`failed to yaml unmarshal objects, error: ${noEntries(root.value)}`);
  }
  if (entries.length > MAX_OBJECTS) return refuse(`has ${entries.length} entries, more than ${MAX_OBJECTS}`);
  const nodes = entryNodes(root.document);
  return entries.flatMap((value: unknown, index) => {
    const entry = readEntry({ value, index, node: nodes[index], document: root.document, lineAt: root.lineAt }, issues);
    return entry === undefined ? [] : [entry];
  });
}

interface RawEntry {
  readonly value: unknown;
  readonly index: number;
  readonly node: Node | undefined;
  readonly document: Document;
  lineAt(offset: number): number;
}

function readEntry(raw: RawEntry, issues: Issue[]): ObjectEntry | undefined {
  const { value, index } = raw;
  const at = `${OBJECTS_PATH}[${index}]`;
  const node = isAlias(raw.node) ? raw.node.resolve(raw.document) : raw.node;
  const line = raw.lineAt(node?.range?.[0] ?? 0);
  const refuse = (why: string, atLine: number): undefined => {
    const message = `unmarshal failed for keyVaultObjects at index ${index}, error: ${why}`;
    issues.push({ path: at, message, line: atLine });
  };
  if (typeof value !== 'string') {
    if (!isRecord(value)) return refuse(NO_FIELDS, line);
    return {
      at,
      line,
      fields: givenFields(value, node),
      lineOf: (field) => lineOfField(node, field, raw.lineAt) ?? line,
    };
  }
  const tooLarge = sizeProblem(value, MAX_ENTRY_LENGTH);
  if (tooLarge !== undefined) return refuse(tooLarge, line);
  // Below `- |` each line is a line of the whole text; in every other style several may be one.
  const inWhole = (inner: number) => (isScalar(node) && node.type === 'BLOCK_LITERAL' ? line + inner : line);
  const inner = readYaml(value);
  if (!inner.ok) return refuse(inner.problem.message, inWhole(inner.problem.line));
  if (!isRecord(inner.value)) return refuse(NO_FIELDS, line);
  const contents = inner.document.contents;
  return {
    at,
    line,
    fields: givenFields(inner.value, contents),
    lineOf: (field) => {
      const found = lineOfField(contents, field, inner.lineAt);
      return found === undefined ? line : inWhole(found);
    },
  };
}

const NO_FIELDS = 'expected fields like "objectName: my-secret", each on a line of its own';

/** YAML's words for nothing. Go's decoder, and so upstream, takes a field with one of them as not given. */
const NOTHING: ReadonlySet<unknown> = new Set(['~', 'null', 'Null', 'NULL']);
/** What somebody may have called "null". */
const NAMES: ReadonlySet<unknown> = new Set(['objectName', 'objectAlias']);

/** The fields with an empty text where YAML says nothing without quotes, as templates write a value that is not set. */
function givenFields(
  fields: Readonly<Record<string, unknown>>,
  node: Node | null | undefined,
): Readonly<Record<string, unknown>> {
  if (!isMap(node)) return fields;
  const empty = node.items.flatMap(({ key, value }) => {
    if (!isScalar(key) || !isScalar(value) || value.type !== 'PLAIN' || !NOTHING.has(value.value)) return [];
    return NAMES.has(key.value) && value.value !== '~' ? [] : [[String(key.value), ''] as const];
  });
  return empty.length === 0 ? fields : { ...fields, ...Object.fromEntries(empty) };
}

function noEntries(root: unknown): string {
  if (Array.isArray(root)) return `expected a map with the key array, found a list: ${EXAMPLE}`;
  if (!isRecord(root)) return `expected a map with the key array: ${EXAMPLE}`;
  if (Array.isArray(root['array']) || root['array'] === '') return 'array needs at least one entry';
  if (root['array'] !== undefined) return 'array is no list: begin each entry with "- "';
  const meant = nearest('array', Object.keys(root));
  return `expected a map with the key array${meant === undefined ? `: ${EXAMPLE}` : `, not "${meant}"`}`;
}

function sizeProblem(text: string, maxLength: number): string | undefined {
  if (text.length > maxLength) return `has ${text.length} characters, more than ${maxLength}`;
  // Entries beyond the limit are told where they are counted.
  return yamlProblem(text, { maxDepth: MAX_DEPTH, maxEntries: 2 * MAX_OBJECTS });
}

/** The nodes of the entries, in their order; a list that is reached by an alias has its own. */
function entryNodes(document: Document): readonly (Node | undefined)[] {
  const { contents } = document;
  const root = isAlias(contents) ? contents.resolve(document) : contents;
  const list = isMap(root) ? root.get('array', true) : undefined;
  const resolved = isAlias(list) ? list.resolve(document) : list;
  return isSeq(resolved) ? resolved.items.map((item) => (isNode(item) ? item : undefined)) : [];
}

function lineOfField(
  node: Node | null | undefined,
  field: string,
  lineAt: (offset: number) => number,
): number | undefined {
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && key.value === field);
  return isNode(pair?.key) && pair.key.range ? lineAt(pair.key.range[0]) : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
