import { expect } from 'vitest';
import type { Language } from './programs.ts';
import type { Failure, Outcome, Result, Step } from './protocol.ts';

/** An error as each SDK has it: the same facts, in a type of its own. */
export interface ExpectedFailure extends Omit<Partial<Failure>, 'type' | 'message'> {
  readonly type: Readonly<Record<Language, string>>;
}

/** Members that must be there; others may be. A text `@step` stands for the version that the step told. */
type ExpectedResult = { readonly [Key in keyof Result]: unknown };

/** A step without the session that does it, and what must come of it in every language. */
export type Row = WithoutSession<Step> & ({ readonly gives: ExpectedResult } | { readonly fails: ExpectedFailure });

type WithoutSession<T> = T extends unknown ? Omit<T, 'session'> : never;

/** The rows as steps of a session; ids are told apart by the session's name. */
export function stepsOf(session: string, rows: readonly Row[]): Step[] {
  return rows.map((row) => {
    const { id, ...rest } = row;
    const { gives: _gives, fails: _fails, ...step } = { gives: undefined, fails: undefined, ...rest };
    return {
      ...step,
      id: idOf(session, id),
      session,
      ...('version' in step && step.version !== undefined ? { version: renamed(session, step.version) } : {}),
      ...('from' in step ? { from: idOf(session, step.from) } : {}),
    } as Step;
  });
}

/** What came of a session's rows, by the rows' ids. */
export function toldOf(
  session: string,
  rows: readonly Row[],
  outcomes: ReadonlyMap<string, Outcome>,
): Record<string, object> {
  return Object.fromEntries(
    rows.map(({ id }) => {
      const { id: _, ...outcome } = outcomes.get(idOf(session, id)) ?? { id };
      return [id, outcome];
    }),
  );
}

/** What must have come of them, to compare with {@link toldOf}. */
export function expectedOf(
  session: string,
  rows: readonly Row[],
  outcomes: ReadonlyMap<string, Outcome>,
  language: Language,
): Record<string, object> {
  const versionOf = (step: string) => {
    const outcome = outcomes.get(idOf(session, step));
    return outcome !== undefined && 'result' in outcome ? outcome.result.version : undefined;
  };
  const resolved = (value: unknown): unknown => {
    if (typeof value === 'string') return value.startsWith('@') ? versionOf(value.slice(1)) : value;
    return Array.isArray(value) ? value.map(resolved).sort(byText) : value;
  };
  return Object.fromEntries(
    rows.map((row) => [
      row.id,
      'gives' in row
        ? { result: expect.objectContaining(mapValues(row.gives, resolved)) as unknown }
        : { error: expect.objectContaining({ ...row.fails, type: row.fails.type[language] }) as unknown },
    ]),
  );
}

function byText(a: unknown, b: unknown): number {
  return String(a) < String(b) ? -1 : 1;
}

function idOf(session: string, id: string): string {
  return `${session}: ${id}`;
}

function renamed(session: string, version: string): string {
  return version.startsWith('@') ? `@${idOf(session, version.slice(1))}` : version;
}

function mapValues(object: object, change: (value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
