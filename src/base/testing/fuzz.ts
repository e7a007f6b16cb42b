import { asyncProperty, assert, type Arbitrary } from 'fast-check';
import { expect, it } from 'vitest';
import { KeyferryError, type ErrorKind } from '../errors.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** How many inputs a fuzzed parser was given; test/endurance/fuzz-reporter.ts sums them. */
    fuzzInputs?: number;
  }
}

/** How a parser is fuzzed. */
export interface FuzzOptions<Input> {
  /** How many inputs in `npm test`; the endurance tier gives a hundred times as many (KEYFERRY_FUZZ_FACTOR). */
  readonly inputs: number;
  /** Kept, so that every run gives the same inputs. */
  readonly seed: number;
  /** Inputs that once broke something; they are tried first, in every run. */
  readonly examples?: readonly NoInfer<Input>[];
}

const FACTOR = Math.max(1, Number(process.env['KEYFERRY_FUZZ_FACTOR'] ?? '1'));
const LIMIT_MS = 280_000;

/**
 * A test that gives `check` many inputs. It fails where `check` throws, with the smallest input that still does, and
 * where an input left anything on the prototypes that all objects share.
 */
export function fuzz<Input>(
  name: string,
  arbitrary: Arbitrary<Input>,
  { inputs, seed, examples = [] }: FuzzOptions<Input>,
  check: (input: Input) => unknown,
): void {
  // oxlint-disable-next-line vitest/valid-title -- the title is the caller's
  it(name, { timeout: LIMIT_MS }, async ({ task }) => {
    const clean = prototypeKeys();
    let given = 0;
    const property = asyncProperty(arbitrary, async (input) => {
      given += 1;
      await check(input);
      const keys = prototypeKeys();
      if (keys !== clean) throw new Error(`a prototype that all objects share was changed: ${keys}`);
    });
    await assert(property, {
      numRuns: inputs * FACTOR,
      seed,
      examples: examples.map((example): [Input] => [example]),
    });
    task.meta.fuzzInputs = given;
  });
}

function prototypeKeys(): string {
  return [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype]
    .map((prototype) => Reflect.ownKeys(prototype).length)
    .join();
}

/** What came of an input: an answer, or an error that its author is told. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Error };

/**
 * Runs `work` on a hostile input. Its answer, or the error when that is one of the kinds that a parser may answer with;
 * every other error is a defect and is thrown on.
 */
export async function outcomeOf<T>(
  work: () => T | Promise<T>,
  kinds: readonly ErrorKind[] = ['input'],
): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (error instanceof KeyferryError && kinds.includes(error.kind)) return { ok: false, error };
    throw error;
  }
}

/**
 * Runs `work` on a large input and fails where it costs more than `limitMs` of processor time, whatever else the machine
 * does. A way that is linear in the input's size takes a small part of it, one that is not a multiple.
 */
export async function expectQuick<T>(work: () => T | Promise<T>, limitMs = 3000): Promise<T> {
  const before = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(limitMs);
  return value;
}
