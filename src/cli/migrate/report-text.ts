import { palette, type Terminal } from '../terminal.ts';
import { visibleText } from '../visible.ts';
import type { Finding, Weight } from './checks/check.ts';
import type { FoundProgram, MigrationReport } from './check-migration.ts';
import type { Step } from './commands.ts';

/** The evidence that is shown of one finding; `--output json` has all of it. */
const MAX_EVIDENCE = 12;

const ROLES: Readonly<Record<FoundProgram['role'], string>> = {
  driver: 'driver',
  'azure-provider': 'Azure provider',
  'other-provider': 'provider of another vendor',
  keyferry: 'Keyferry',
};

/** The report for a person: what is there, what will be different, and the commands. */
export function renderReport(report: MigrationReport, terminal: Terminal): string {
  const { title, faint, bad, good } = palette(terminal);
  const colourOf = (weight: Weight) => (weight === 'mend first' ? bad : weight === 'changes' ? title : faint);
  const finding = ({ id, weight, meaning, evidence, mend }: Finding) => [
    `${colourOf(weight)(weight)}  ${title(id)}`,
    `  ${meaning}`,
    ...evidence.slice(0, MAX_EVIDENCE).map((line) => faint(`    ${line}`)),
    ...(evidence.length > MAX_EVIDENCE ? [faint(`    and ${evidence.length - MAX_EVIDENCE} more`)] : []),
    `  ${good('mend')}  ${mend}`,
    '',
  ];
  const steps = (list: readonly Step[]) =>
    list.flatMap(({ what, lines }, index) => [`# ${index + 1}. ${what}`, ...lines, '']);
  const lines = [
    title('what is there'),
    ...report.programs.map(renderProgram),
    `  ${report.classes} SecretProviderClass${report.classes === 1 ? '' : 'es'}`,
    '',
    title('what will be different'),
    '',
    ...report.findings.flatMap(finding),
    title('the way there'),
    '',
    ...steps(report.way.there),
    title('the way back'),
    '',
    ...steps(report.way.back),
  ];
  // What the cluster says is shown, not obeyed; the colours are ours.
  return lines.map((line) => (terminal.colour ? line : visibleText(line))).join('\n');
}

function renderProgram({ role, os, at, version, image, origin, chart }: FoundProgram): string {
  const what = `${ROLES[role]}${os === 'windows' ? ' for Windows' : ''} ${version ?? `(${image})`}`;
  return `  ${what}: ${at}, of ${origin}${chart === undefined ? '' : ` (${chart})`}`;
}
