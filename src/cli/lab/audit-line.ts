import type { AuditRecord } from '#lab/cloud';
import type { Palette } from '../terminal.ts';
import { visible } from '../visible.ts';

/** One audit record as one line for a person: when, which service, what, who, result. */
export function renderAuditRecord(said: AuditRecord, { faint, good, bad, key }: Palette): string {
  const record = visible(said);
  const who =
    record.identity === undefined ? '' : (record.identity.name ?? record.identity.clientId ?? record.identity.objectId);
  const fault = record.fault === undefined ? '' : ` (fault ${record.fault})`;
  const reason = record.details?.['reason'] === undefined ? '' : `: ${record.details['reason']}`;
  const result = `${record.status === 0 ? '---' : record.status} ${record.result}${fault}${reason}`;
  return [
    faint(record.time.slice(11, 23)),
    record.service.padEnd(8),
    key(record.operation),
    `${record.method} ${record.host}${record.path}`,
    who,
    record.status !== 0 && record.status < 400 ? good(result) : bad(result),
  ]
    .filter((part) => part !== '')
    .join('  ');
}
