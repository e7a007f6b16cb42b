import type { Attempt, Hop, Trace, TraceEnd } from '#lab/session';
import type { Palette } from '../terminal.ts';

const WHAT_WIDTH = 9;

/** The driver tells of a publish when it ends: one that waits for an answer of Azure looks as one that has not begun. */
const NO_ATTEMPT = 'no publish has ended yet: the driver was not asked for it, or still waits for an answer';

const NO_VOLUME = 'the pod has no volume of the driver secrets-store.csi.k8s.io: no secret goes this way to it';

/** The way of a pod's secrets for a person: one line a hop, with its time, and what stands behind it below. */
export function renderTrace(trace: Trace, palette: Palette): string {
  const { volumes, end } = trace;
  return [
    renderTraceHead(trace, palette),
    ...volumes.flatMap(({ volume, className, attempts }) => [
      '',
      `${palette.faint('volume')} ${volume}, ${palette.faint('class')} ${className}`,
      ...(attempts.length === 0 ? [palette.faint(`  ${NO_ATTEMPT}`)] : []),
      ...attempts.map((attempt) => renderAttempt(attempt, palette)),
    ]),
    // Where that is why it waits, the end says so.
    ...(volumes.length === 0 && end === undefined ? ['', palette.faint(NO_VOLUME)] : []),
    ...(end === undefined ? [] : ['', renderEnd(end, palette, trace.ready)]),
    '',
  ].join('\n');
}

/** Which pod it is, and how it stands. */
export function renderTraceHead(trace: Trace, { title, faint, good, bad }: Palette): string {
  const state = trace.ready
    ? good(`ready${trace.readyAt === undefined ? '' : ` since ${clockTime(trace.readyAt).trimEnd()}`}`)
    : bad(trace.phase === 'Pending' ? 'waits' : `${trace.phase.toLowerCase()}, not ready`);
  return `${title(`${trace.namespace}/${trace.pod}`)} ${faint(`in ${trace.cluster}, service account ${trace.serviceAccount},`)} ${state}`;
}

/** One publish or refresh, or several equal ones. */
export function renderAttempt(attempt: Attempt, palette: Palette): string {
  const hops = attempt.outcome === 'unchanged' ? [] : attempt.hops;
  return [...hops.map((hop) => renderHop(hop, palette)), renderOutcome(attempt, palette)].join('\n');
}

/** Where the way ends, or for a pod that has its files its refresh; why, and the mend. */
export function renderEnd({ where, why, mend }: TraceEnd, { bad, faint, key }: Palette, ready: boolean): string {
  return [
    bad(ready ? `the refresh ends at ${where}, the pod keeps its files` : `the way ends at ${where}`),
    `  ${faint('why ')}  ${why.trim()}`,
    ...(mend === undefined ? [] : [`  ${faint('mend')}  ${key(mend)}`]),
  ].join('\n');
}

/** One step, in one line or two. */
export function renderHop(hop: Hop, palette: Palette): string {
  const { text, below, failed } = describeHop(hop);
  const took = hop.tookMs === undefined ? '' : palette.faint(`  ${hop.tookMs} ms`);
  const what = (failed ? palette.bad : palette.key)(hop.hop.padEnd(WHAT_WIDTH));
  const indent = ' '.repeat(2 + 12 + 2 + WHAT_WIDTH + 1);
  return [
    `  ${palette.faint(clockTime(hop.at))}  ${what} ${text}${took}`,
    ...below.filter((line) => line !== '').map((line) => `${indent}${palette.faint(line)}`),
  ].join('\n');
}

interface Described {
  readonly text: string;
  readonly below: readonly string[];
  readonly failed: boolean;
}

function describeHop(hop: Hop): Described {
  switch (hop.hop) {
    case 'token':
      return {
        text: `the API server signed a token: ${hop.subject}`,
        below: [
          `issuer ${hop.issuer}`,
          `audience ${hop.audience}${hop.expiresAt === undefined ? '' : `, good until ${clockTime(hop.expiresAt)}`}`,
        ],
        failed: false,
      };
    case 'exchange':
      return describeExchange(hop);
    case 'read':
      return describeRead(hop);
    case 'files': {
      const files = hop.files.map(({ path, mode, sizeBytes }) => `${path} (${mode}, ${sizeBytes} bytes)`);
      const more = hop.moreFiles === undefined ? '' : ` and ${hop.moreFiles} more`;
      return { text: `${files.join(', ')}${more}`, below: [], failed: false };
    }
    case 'secrets':
      break;
  }
  return {
    text: `${hop.names.join(', ')} ${hop.synced ? 'synced' : 'not synced yet: tried again, an event says why'}`,
    below: [],
    failed: !hop.synced,
  };
}

function describeExchange(hop: Extract<Hop, { hop: 'exchange' }>): Described {
  const failed = failureOf(hop);
  const client = hop.identity === undefined ? `client ${hop.clientId}` : `${hop.identity} (client ${hop.clientId})`;
  return {
    text:
      failed === undefined
        ? `Entra ID gave an access token for ${client}`
        : `Entra ID ${failed.verb} ${client}${failed.reason}`,
    below: [
      shared(hop),
      hop.credential === undefined ? '' : `federated credential: ${hop.credential}`,
      hop.nearestCredential === undefined ? '' : `nearest federated credential: ${hop.nearestCredential}`,
      fault(hop),
    ],
    failed: failed !== undefined,
  };
}

function describeRead(hop: Extract<Hop, { hop: 'read' }>): Described {
  const failed = failureOf(hop);
  const vault = hop.vault.replace(/^https:\/\//, '');
  const version = hop.version === undefined ? '' : ` version ${hop.version}`;
  return {
    text:
      failed === undefined
        ? `${vault} gave ${hop.object}${version}`
        : `${vault} ${failed.verb} ${hop.object}${failed.reason}`,
    below: [
      shared(hop),
      hop.allowedBy === undefined ? '' : `allowed by ${hop.allowedBy}`,
      hop.refusedBy === undefined ? '' : `because ${hop.refusedBy}`,
      fault(hop),
    ],
    failed: failed !== undefined,
  };
}

/** What a request came to that did not get what it asked for; undefined: it did. */
function failureOf(hop: Extract<Hop, { readonly how: string }>) {
  const { result, status, failed } = hop;
  if (result === undefined) {
    return failed === undefined ? undefined : { verb: 'was not asked, or gave no answer to', reason: `: ${failed}` };
  }
  if (result === 'Success') return undefined;
  if (status === 0) return { verb: 'gave no answer to', reason: '' };
  return { verb: 'refused', reason: `: ${hop.hop === 'read' ? `${status} ` : ''}${result}` };
}

/** Whose request it was, where the broker had the answer already or shared a running one. */
function shared({ how, askedFor }: Extract<Hop, { readonly how: string }>): string {
  if (how === 'fetched') return '';
  const whose = askedFor === undefined ? '' : ` for pod ${askedFor.pod}`;
  if (how === 'shared') return `a request that was under way${whose} was joined: the broker asks once`;
  const when = askedFor === undefined ? 'before' : `${askedFor.secondsBefore} s before`;
  return `asked ${when}${whose}: served from the broker within the freshness window`;
}

function fault({ fault: id }: { readonly fault?: string }): string {
  return id === undefined ? '' : `the fault ${id} of "keyferry lab fault" was met`;
}

const OUTCOMES: Readonly<Record<Attempt['outcome'], string>> = {
  mounted: 'mounted',
  changed: 'refreshed: new content',
  unchanged: 'refreshed: nothing new',
  refused: 'not mounted',
  kept: 'refresh failed: the old files stay',
};

function renderOutcome({ outcome, at, times, firstAt, tookMs }: Attempt, { faint, good, bad }: Palette): string {
  const isBad = outcome === 'refused' || outcome === 'kept';
  const text = OUTCOMES[outcome];
  const often = times === 1 ? '' : `, ${times} times since ${clockTime(firstAt)}`;
  const took = tookMs === undefined ? '' : faint(`  ${tookMs} ms${times === 1 ? '' : ' the last time'}`);
  return `  ${faint(clockTime(at))}  ${(isBad ? bad : good)(text)}${often}${took}`;
}

function clockTime(time: string): string {
  return time.slice(11, 23).replace(/Z$/, '').padEnd(12);
}
