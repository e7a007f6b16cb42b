// Holds the documentation against the tree: links lead somewhere, the README is short, every area has its row.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
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

/** Each threat in docs/security.md (`- **What is asked for.** …`) names tests below it, and those are in the files that it says. */
function checkSecurityTests(): void {
  const place = join(root, 'docs', 'security.md');
  for (const item of readFileSync(place, 'utf8').split(/^(?=\S)/m)) {
    const threat = /^- \*\*([^*]+)\*\*/.exec(item)?.[1];
    const tests = [...item.matchAll(/\[[*_]([^\]]+)[*_]\]\(([^)]+\.test\.ts)\)/g)];
    if (threat !== undefined && tests.length === 0) problems.push(`docs/security.md: no test is named for "${threat}"`);
    for (const [, name = '', file = ''] of tests) checkTestName(join(dirname(place), file), name);
  }
}

/** A test, or a case of a table of tests, is a string of its file. */
function checkTestName(file: string, name: string): void {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const forms = ["'", '"', '`'].map((quote) => quote + name.replaceAll(quote, `\\${quote}`) + quote);
  if (forms.some((form) => text.includes(form))) return;
  problems.push(`docs/security.md: there is no test "${name}" in ${relative(root, file)}`);
}

for (const file of markdownFiles(root)) checkLinks(file);
checkSecurityTests();
checkFlags();
checkReadmeLength();
checkAreas();
checkAreaReadmes();
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
