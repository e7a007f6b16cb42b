import type { AuditRecord } from '#lab/cloud';
import { renderAuditRecord } from '../lab/audit-line.ts';
import { palette, type Terminal } from '../terminal.ts';

/** Tells the demo's story. */
export interface Narrator {
  /** Opens a numbered step. */
  step(title: string): void;
  /** The command that a person would type for what happens next. */
  command(text: string): void;
  /** A sentence about what happens behind it. */
  say(text: string): void;
  /** Named facts, one a line. */
  facts(facts: Readonly<Record<string, string>>): void;
  /** Requests that were made to the emulated Azure. */
  requests(records: readonly AuditRecord[]): void;
  good(text: string): void;
}

/** A narrator on a terminal. */
export function createNarrator(terminal: Terminal): Narrator {
  const colours = palette(terminal);
  const { title, faint, good, key } = colours;
  let steps = 0;
  const line = (text: string) => terminal.out(`   ${text}\n`);
  return {
    step: (text) => {
      steps += 1;
      terminal.out(`\n${title(`${String(steps).padStart(2)} ${text}`)}\n`);
    },
    command: (text) => line(`${faint('$')} ${key(text)}`),
    say: line,
    facts: (facts) => {
      const width = Math.max(...Object.keys(facts).map((name) => name.length));
      for (const [name, value] of Object.entries(facts)) line(`${faint(name.padEnd(width))}  ${value}`);
    },
    requests: (records) => {
      for (const record of records) line(`${faint('→')} ${renderAuditRecord(withoutScope(record), colours)}`);
    },
    good: (text) => line(good(text)),
  };
}

/** An ARM path without its subscription and group, which are the same throughout the demo. */
function withoutScope(record: AuditRecord): AuditRecord {
  const path = record.path.replace(/^\/subscriptions\/[^/]+(\/resourcegroups\/[^/]+(?=\/))?/i, '/…');
  return { ...record, path };
}
