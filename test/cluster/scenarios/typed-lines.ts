/** Lines as a person types them, and what they show. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDisposeStack } from '#base';
import type { Scene } from './scene.ts';

/** One line and what is then seen, output and messages together, without the blank ends; a pattern has to match somewhere in it. */
export type Line = readonly [line: string, seen: string | RegExp];

/**
 * Types lines one after the other in a scene, whose namespace is the current one, in a folder with the manifests of
 * `manifests`, in which `${NAME}` stands for the value of that name. Stops at the first that fails or shows something
 * else, and answers what it showed; undefined when none did.
 */
export async function typeLines(
  { stage, namespace }: Scene,
  manifests: URL,
  values: Readonly<Record<string, string>>,
  lines: readonly Line[],
): Promise<string | undefined> {
  await using stack = createDisposeStack();
  const cwd = await mkdtemp(join(tmpdir(), 'keyferry-lines-'));
  stack.defer(() => rm(cwd, { recursive: true, force: true }));
  for (const name of await readdir(manifests)) {
    const text = await readFile(new URL(name, manifests), 'utf8');
    const rendered = text.replace(/\$\{(\w+)\}/g, (_all, value: string) => values[value] ?? '');
    await writeFile(join(cwd, name), rendered);
  }
  for (const [line, seen] of lines) {
    const script = `exec 2>&1\nkubectl() { command kubectl -n ${namespace} "$@"; }\n${line}`;
    const { exitCode, out } = await stage.cluster.run(['bash', '-c', script], { cwd });
    const shown = out.trim();
    const isSeen = typeof seen === 'string' ? shown === seen : seen.test(shown);
    if (!isSeen || exitCode !== 0) return `${line}: exit code ${exitCode}: ${shown}`;
  }
  return undefined;
}
