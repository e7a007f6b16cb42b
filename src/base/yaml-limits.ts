import { Parser, type CST } from 'yaml';

/** What a YAML text may be at most. */
export interface YamlLimits {
  /** Lists and maps in each other. Default 100. */
  readonly maxDepth?: number;
  /** Entries of one list or map. Default 1000. */
  readonly maxEntries?: number;
}

/** Tags and anchors before one value, with the blanks and line breaks between them, of which there may be many. */
const MAX_PROPERTIES = 16;

/**
 * Why a YAML text must not be given to the parser of `yaml`; undefined where it may be. Costs time in proportion to the
 * text, however it is built. The parser itself calls itself once for each level, and where the stack ends within a
 * regular expression V8 ends the whole process, which nothing can catch; and it compares each key of a map with all
 * others. Whatever reads YAML that somebody else wrote asks here first.
 */
export function yamlProblem(text: string, { maxDepth = 100, maxEntries = 1000 }: YamlLimits = {}): string | undefined {
  for (const document of new Parser().parse(text)) {
    const problem = problemOfToken(document, maxDepth, maxEntries);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemOfToken(document: CST.Token, maxDepth: number, maxEntries: number): string | undefined {
  const waiting: { readonly token: CST.Token; readonly depth: number }[] = [{ token: document, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > maxDepth) return `is nested more than ${maxDepth} levels deep`;
    if (token.type === 'document') {
      if (hasManyProperties(token.start)) return TOO_MANY_PROPERTIES;
      if (token.value !== undefined) waiting.push({ token: token.value, depth });
    } else if ('items' in token) {
      if (token.items.length > maxEntries) return `has a list or map of more than ${maxEntries} entries`;
      for (const { start, key, sep, value } of token.items) {
        if (hasManyProperties(start) || hasManyProperties(sep)) return TOO_MANY_PROPERTIES;
        if (key != null) waiting.push({ token: key, depth: depth + 1 });
        if (value !== undefined) waiting.push({ token: value, depth: depth + 1 });
      }
    }
  }
  return undefined;
}

const TOO_MANY_PROPERTIES = `has a value with more than ${MAX_PROPERTIES} tags and anchors`;

function hasManyProperties(tokens: readonly CST.SourceToken[] | undefined): boolean {
  let count = 0;
  for (const { type } of tokens ?? []) if (type === 'tag' || type === 'anchor') count += 1;
  return count > MAX_PROPERTIES;
}
