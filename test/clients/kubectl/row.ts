/**
 * One line as a person types it, and what they then see: output and messages together, without the blank ends. A
 * pattern has to match somewhere in it; a text is all of it. The exit code is 0 unless the third part says another.
 */
export type Row = readonly [line: string, seen: string | RegExp, exitCode?: number];

/** Rows that follow on each other, in a namespace of their own, which is also the table's name. */
export interface Table {
  readonly namespace: string;
  readonly rows: readonly Row[];
}

/** The namespace's part of a table, from its name and rows. */
export const table = (namespace: string, rows: readonly Row[]): Table => ({ namespace, rows });
