// What a publish promises, under any order of what may happen to a node: an OK has its files in place.
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeyferryError, Secret } from '#base';
import type { ProviderMountResult } from '#providerapi';
import { createFakeClock, type FakeClock } from '../base/testing/index.ts';
import { createAtomicWriter } from './atomic-writer.ts';
import { createBareDriver, type BareDriver } from './testing/bare-driver.ts';
import { createFakeMounter, type FakeMounter } from './testing/fake-mounter.ts';
import { filesOf } from './testing/harness.ts';
import { createKillSwitch } from './testing/kill-switch.ts';

/** One node with one volume. */
interface Node {
  readonly folder: string;
  readonly target: string;
  readonly mounter: FakeMounter;
  readonly clock: FakeClock;
  /** The next generation of the vault's content; every answer is all of one generation. */
  generation: number;
  healthy: boolean;
  /** Plain files are there, of a provider that wrote them itself: only their change into links is not one step. */
  plain: boolean;
  driver: BareDriver;
}

const contentOf = (text: string) => ({ a: text, 'd/b': text });

function newDriver(node: Omit<Node, 'driver'>, killAfter?: number): BareDriver {
  const answer = (): ProviderMountResult => {
    if (!node.healthy) throw new KeyferryError('unknown', 'the vault is down');
    return filesOf(contentOf(`generation ${node.generation}`), `v${node.generation}`);
  };
  const { folder, target, mounter, clock } = node;
  const kill = killAfter === undefined ? undefined : createKillSwitch(killAfter);
  return createBareDriver({ recordFolder: join(folder, 'records'), target, mounter, clock, answer, kill });
}

/** All files of one generation, mounted; or of somebody who filled the volume before this driver came. */
function isWhole({ target, mounter }: Node): boolean {
  if (!mounter.mounted.has(target)) return false;
  try {
    const [first, second] = ['a', 'd/b'].map((path) => readFileSync(join(target, path), 'utf8'));
    return first === second;
  } catch {
    return false;
  }
}

async function mountEmpty({ target, mounter }: Node): Promise<boolean> {
  if (mounter.mounted.has(target)) return false;
  await mkdir(target, { recursive: true });
  await mounter.mountTmpfs(target, { sizeBytes: 1024 });
  return true;
}

const succeeds = (work: Promise<void>) =>
  work.then(
    () => true,
    () => false,
  );

/** What may happen. Each checks what must be true of it. */
const DEEDS = {
  publish: async (node: Node) => {
    const wasWhole = isWhole(node);
    const ok = await succeeds(node.driver.publish());
    if (ok) expect(isWhole(node)).toBe(true);
    // A pod may be running on what was there.
    if (wasWhole) expect(isWhole(node)).toBe(true);
  },
  publishTwice: async (node: Node) => {
    const results = await Promise.all([succeeds(node.driver.publish()), succeeds(node.driver.publish())]);
    if (results[1] === true) expect(isWhole(node)).toBe(true);
  },
  publishWhileUnpublish: async (node: Node) => {
    const [ok] = await Promise.all([succeeds(node.driver.unpublish()), succeeds(node.driver.publish())]);
    expect(ok).toBe(true);
    expect(node.mounter.mounted.has(node.target)).toBe(isWhole(node));
  },
  unpublish: async (node: Node) => {
    expect(await succeeds(node.driver.unpublish())).toBe(true);
    expect(node.mounter.mounted.has(node.target)).toBe(false);
  },
  refresh: async (node: Node) => {
    const wasWhole = isWhole(node);
    const wasMounted = node.mounter.mounted.has(node.target);
    await node.driver.refresh();
    if (wasWhole) expect(isWhole(node)).toBe(true);
    expect(node.mounter.mounted.has(node.target)).toBe(wasMounted);
  },
  rotate: async (node: Node) => {
    node.generation += 1;
    await node.clock.advance(1000);
  },
  vaultChanges: async (node: Node) => {
    node.healthy = !node.healthy;
  },
  restart: async (node: Node) => {
    node.driver = newDriver(node);
  },
  reboot: async (node: Node) => {
    await node.mounter.reboot();
    node.driver = newDriver(node);
  },
  olderDriver: async (node: Node) => {
    if (!(await mountEmpty(node))) return;
    const files = filesOf(contentOf('of an older driver')).files.map((file) => [file.path, file] as const);
    await createAtomicWriter({ clock: node.clock }).write(node.target, new Map(files));
  },
  otherDriversProvider: async (node: Node) => {
    if (!(await mountEmpty(node))) return;
    await mkdir(join(node.target, 'd'));
    for (const path of ['a', 'd/b']) await writeFile(join(node.target, path), 'of a provider');
    node.plain = true;
  },
  emptyMount: async (node: Node) => {
    await mountEmpty(node);
  },
  staleFolder: async (node: Node) => {
    if (node.mounter.mounted.has(node.target)) return;
    await mkdir(node.target, { recursive: true });
    await writeFile(join(node.target, 'a'), 'stale');
  },
} as const satisfies Record<string, (node: Node) => Promise<void>>;

type Deed =
  | { readonly deed: keyof typeof DEEDS }
  | { readonly deed: 'killed'; readonly during: 'publish' | 'unpublish'; readonly after: number };

const deeds = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ deed: fc.constant('publish' as const) }) },
    { weight: 8, arbitrary: fc.record({ deed: fc.constantFrom(...(Object.keys(DEEDS) as (keyof typeof DEEDS)[])) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        deed: fc.constant('killed' as const),
        during: fc.constantFrom('publish' as const, 'unpublish' as const),
        after: fc.integer({ min: 0, max: 24 }),
      }),
    },
  ),
  { minLength: 2, maxLength: 14 },
);

async function live(node: Node, life: readonly Deed[]): Promise<void> {
  for (const step of life) {
    if (step.deed === 'killed') {
      const wasWhole = isWhole(node);
      await succeeds(newDriver(node, step.after)[step.during]());
      if (wasWhole && !node.plain && step.during === 'publish') expect(isWhole(node)).toBe(true);
      node.driver = newDriver(node);
    } else {
      await DEEDS[step.deed](node);
    }
  }
  // However it went: with a vault that answers all is right in the end, and all goes with the pod.
  node.healthy = true;
  await DEEDS.publish(node);
  expect(isWhole(node)).toBe(true);
  await DEEDS.unpublish(node);
  expect(await readdir(join(node.folder, 'records')).catch(() => [])).toEqual([]);
}

it('an OK has its files in place, whatever happened before; a pod that runs keeps its files; nothing stays after it', async () => {
  await fc.assert(
    fc.asyncProperty(deeds, async (life) => {
      const folder = await mkdtemp(join(tmpdir(), 'keyferry-orders-'));
      const target = join(folder, 'volume', 'mount');
      await mkdir(join(folder, 'volume'));
      const mounter = createFakeMounter();
      const rest = { folder, target, mounter, clock: createFakeClock(), generation: 0, healthy: true, plain: false };
      // The driver looks at the one object that the deeds change.
      const node = rest as Node;
      node.driver = newDriver(rest);
      try {
        await live(node, life);
      } finally {
        await mounter.reboot();
        await rm(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: 100 },
  );
}, 60_000);
