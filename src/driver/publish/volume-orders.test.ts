// What a publish promises, under any order of what may happen to a node: an OK has its files in place.
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, asyncProperty, constant, constantFrom, integer, oneof, record } from 'fast-check';
import { expect, it } from 'vitest';
import { KeyferryError } from '#base';
import type { ProviderMountResult } from '#providerapi';
import { createFakeClock, type FakeClock } from '../../base/testing/index.ts';
import { createAtomicWriter } from '../volume/atomic-writer.ts';
import { createBareDriver, type BareDriver } from '../testing/bare-driver.ts';
import { createFakeMounter, type FakeMounter } from '../testing/fake-mounter.ts';
import { filesOf } from '../testing/harness.ts';
import { createKillSwitch } from '../testing/kill-switch.ts';

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

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`broken: ${what}`);
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
    must(!ok || isWhole(node), 'an OK has its files');
    must(!wasWhole || isWhole(node), 'a publish leaves what a pod may be reading');
  },
  publishTwice: async (node: Node) => {
    const results = await Promise.all([succeeds(node.driver.publish()), succeeds(node.driver.publish())]);
    must(results[1] !== true || isWhole(node), 'an OK beside another one has its files');
  },
  publishWhileUnpublish: async (node: Node) => {
    const [ok] = await Promise.all([succeeds(node.driver.unpublish()), succeeds(node.driver.publish())]);
    must(ok === true, 'an unpublish beside a publish succeeds');
    must(node.mounter.mounted.has(node.target) === isWhole(node), 'what is mounted after both is whole');
  },
  unpublish: async (node: Node) => {
    must(await succeeds(node.driver.unpublish()), 'an unpublish succeeds');
    must(!node.mounter.mounted.has(node.target), 'an unpublish leaves nothing mounted');
  },
  refresh: async (node: Node) => {
    const wasWhole = isWhole(node);
    const wasMounted = node.mounter.mounted.has(node.target);
    await node.driver.refresh();
    must(!wasWhole || isWhole(node), 'a refresh leaves what a pod is reading');
    must(node.mounter.mounted.has(node.target) === wasMounted, 'a refresh mounts nothing');
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

const deeds = array(
  oneof(
    { weight: 4, arbitrary: record({ deed: constant('publish' as const) }) },
    { weight: 8, arbitrary: record({ deed: constantFrom(...(Object.keys(DEEDS) as (keyof typeof DEEDS)[])) }) },
    {
      weight: 4,
      arbitrary: record({
        deed: constant('killed' as const),
        during: constantFrom('publish' as const, 'unpublish' as const),
        after: integer({ min: 0, max: 24 }),
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
      const isToStay = wasWhole && !node.plain && step.during === 'publish';
      must(!isToStay || isWhole(node), 'a kill leaves what a pod is reading');
      node.driver = newDriver(node);
    } else {
      await DEEDS[step.deed](node);
    }
  }
  // However it went: with a vault that answers all is right in the end, and all goes with the pod.
  node.healthy = true;
  await DEEDS.publish(node);
  must(isWhole(node), 'the files are there in the end');
  await DEEDS.unpublish(node);
  const records = await readdir(join(node.folder, 'records')).catch(() => []);
  must(records.length === 0, 'no record stays after the pod');
}

it('an OK has its files in place, whatever happened before; a pod that runs keeps its files; nothing stays after it', async () => {
  const lives = asyncProperty(deeds, async (life) => {
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
  });
  await expect(assert(lives, { numRuns: 100 })).resolves.toBeUndefined();
}, 180_000);
