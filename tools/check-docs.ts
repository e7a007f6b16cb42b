// Holds the documentation against the tree: links lead somewhere, the README is short, every area has its row.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { NODE_FLAGS } from '../src/cmd/node-flags.ts';
import { PROVIDER_FLAGS } from '../src/cmd/provider-flags.ts';

const root = dirname(import.meta.dirname);
const problems: string[] = [];

function markdownFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist', 'build', '.git', 'coverage'].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

function checkLinks(file: string): void {
  const text = readFileSync(file, 'utf8').replaceAll(/```[\s\S]*?```/g, '');
  for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target) || target.startsWith('#')) continue;
    const path = join(dirname(file), target.replace(/#.*/, ''));
    if (!existsSync(path)) problems.push(`${relative(root, file)}: the link ${target} leads nowhere`);
  }
}

function areaFolders(): string[] {
  return readdirSync(join(root, 'src')).flatMap((name) =>
    name === 'lab' ? readdirSync(join(root, 'src', 'lab')).map((inner) => `lab/${inner}`) : [name],
  );
}

function checkReadmeLength(): void {
  const lines = readFileSync(join(root, 'README.md'), 'utf8').split('\n').length - 1;
  if (lines > 150) problems.push(`README.md has ${lines} lines; 150 are allowed`);
}

/** Each area of src has a row in docs/architecture.md, and each row an area. */
function checkAreas(): void {
  const text = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');
  const rows = new Set([...text.matchAll(/^\|\s*\d\s*\|\s*`src\/([^`]+)`/gm)].map(([, area = '']) => area));
  const areas = areaFolders();
  for (const area of areas) if (!rows.has(area)) problems.push(`docs/architecture.md: no row for src/${area}`);
  for (const row of rows) if (!areas.includes(row)) problems.push(`docs/architecture.md: src/${row} is not there`);
}

/** An area with more than eight files says what it is for. */
function checkAreaReadmes(): void {
  for (const area of areaFolders()) {
    const folder = join(root, 'src', area);
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.includes('testing/'),
    );
    if (sources.length > 9 && area !== 'gen' && !existsSync(join(folder, 'README.md'))) {
      problems.push(`src/${area} has ${sources.length} files and no README.md`);
    }
  }
}

/** A source file that a README of an area names is there, wherever it was moved to; `x` in a name stands for any. */
function checkNamedSources(): void {
  const folders = ['src', 'test', 'tools', 'bench'].map((name) => join(root, name));
  const known = new Set(
    folders
      .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }))
      .map((path) => basename(path)),
  );
  for (const file of markdownFiles(join(root, 'src'))) {
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/`(?:[\w./-]*\/)?([\w-][\w.-]+\.ts)`/g)) {
      if (!known.has(name) && !name.startsWith('x-'))
        problems.push(`${relative(root, file)}: there is no file ${name}`);
    }
  }
}

/** Pages about the node processes name no flag that neither has; all of them are in docs/flags.md, which is generated. */
function checkFlags(): void {
  const flags = new Set([...Object.keys(NODE_FLAGS), ...Object.keys(PROVIDER_FLAGS)]);
  for (const page of ['node', 'refresh', 'secret-sync', 'providers', 'objects', 'identity']) {
    const path = join(root, 'docs', `${page}.md`);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    for (const [, flag = ''] of text.matchAll(/`--([a-z][a-z-]*)/g)) {
      if (!flags.has(flag)) problems.push(`docs/${page}.md: there is no flag --${flag}`);
    }
  }
}

/**
 * Each claim of a page (`- **What is asked for.** …`) names tests below it, and those are in the files that it says: threats in
 * docs/security.md, what upstream's suites hold in test/acceptance.md. Scenarios are tests of more than one file.
 */
function checkClaims(page: string): void {
  const place = join(root, page);
  for (const item of readFileSync(place, 'utf8').split(/^(?=\S)/m)) {
    const claim = /^- \*\*([^*]+)\*\*/.exec(item)?.[1];
    const tests = [...item.matchAll(/\[[*_]([^\]]+)[*_]\]\(([^)]+(?:\.test|\/scenarios\/[\w-]+)\.ts)\)/g)];
    if (claim !== undefined && tests.length === 0) problems.push(`${page}: no test is named for "${claim}"`);
    for (const [, name = '', file = ''] of tests) checkTestName(page, join(dirname(place), file), name);
  }
}

/** A test, or a case of a table of tests, is a string of its file. */
function checkTestName(page: string, file: string, name: string): void {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const forms = ["'", '"', '`'].map((quote) => quote + name.replaceAll(quote, `\\${quote}`) + quote);
  if (forms.some((form) => text.includes(form))) return;
  problems.push(`${page}: there is no test "${name}" in ${relative(root, file)}`);
}

for (const file of markdownFiles(root)) checkLinks(file);
checkClaims('docs/security.md');
checkClaims('test/acceptance.md');
checkFlags();
checkReadmeLength();
checkAreas();
checkAreaReadmes();
checkNamedSources();
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
