import type { AuditRecord } from '#lab/cloud';
import { PUBLISH_OUTCOMES, type FetchedLine, type PublishLine, type VolumeLines } from './node-log.ts';
import type { Attempt, Hop, Trace, TraceEnd, VolumeTrace } from './trace.ts';
import { whyPodWaits, type WaitingPod } from './waiting.ts';

/** What is known of a pod's way, from all who saw a part of it. */
export interface TraceRecords extends WaitingPod {
  readonly cluster: string;
  /** Of the whole node: other pods too, as requests are shared. */
  readonly lines: VolumeLines;
  readonly audit: readonly AuditRecord[];
}

const DRIVER = 'secrets-store.csi.k8s.io';

/** Puts the way of a pod's secrets together. */
export function assembleTrace(records: TraceRecords): Trace {
  const { pod, cluster } = records;
  const { namespace = '', name = '', creationTimestamp: createdAt = '' } = pod.metadata ?? {};
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  const isReady = ready?.status === 'True';
  const volumes = (pod.spec?.volumes ?? [])
    .filter(({ csi }) => csi?.driver === DRIVER)
    .map((volume) => traceVolume(records, volume.name, volume.csi?.volumeAttributes?.['secretProviderClass'] ?? ''));
  const end = endOfVolumes(volumes) ?? (isReady ? undefined : whyPodWaits(records, volumes.length));
  return {
    cluster,
    namespace,
    pod: name,
    serviceAccount: pod.spec?.serviceAccountName ?? 'default',
    createdAt,
    phase: pod.status?.phase ?? 'Pending',
    ready: isReady,
    ...(isReady && ready.lastTransitionTime ? { readyAt: ready.lastTransitionTime } : {}),
    volumes,
    ...(end === undefined ? {} : { end }),
  };
}

/** Where a volume stopped that is not there yet, else one that was not refreshed the last time. */
function endOfVolumes(volumes: readonly VolumeTrace[]): TraceEnd | undefined {
  const lasts = volumes.map(({ attempts }) => attempts.at(-1));
  const endOf = (outcome: Attempt['outcome']) => lasts.find((last) => last?.outcome === outcome)?.end;
  return endOf('refused') ?? endOf('kept');
}

function traceVolume(records: TraceRecords, volume: string, className: string): VolumeTrace {
  const uid = records.pod.metadata?.uid ?? '';
  const isOurs = ({ targetPath }: { readonly targetPath: string }) =>
    targetPath.includes(`/${uid}/`) && targetPath.endsWith(`/${volume}/mount`);
  const fetched = records.lines.fetched.filter(isOurs);
  const attempts: Attempt[] = [];
  let sinceTime = '';
  for (const line of records.lines.published.filter(isOurs)) {
    // The driver changes a volume once at a time, so what its provider said since the last line belongs to this one.
    const asked = fetched.findLast(({ time }) => time > sinceTime && time <= line.time);
    sinceTime = line.time;
    const attempt = describeAttempt(records, line, asked);
    const before = attempts.at(-1);
    if (before !== undefined && isSame(before, attempt)) {
      attempts[attempts.length - 1] = { ...attempt, times: before.times + 1, firstAt: before.firstAt };
    } else attempts.push(attempt);
  }
  return { volume, className, attempts };
}

/** Whether a second attempt says nothing new: it failed in the same words, or found nothing changed. */
function isSame(a: Attempt, b: Attempt): boolean {
  return a.outcome === b.outcome && a.outcome !== 'changed' && a.end?.why === b.end?.why;
}

function describeAttempt(records: TraceRecords, line: PublishLine, asked: FetchedLine | undefined): Attempt {
  const outcome = PUBLISH_OUTCOMES[line.msg];
  const hops: Hop[] = [...(asked === undefined ? [] : askedHops(records, asked)), ...writtenHops(line, outcome)];
  const failed = line.error === undefined ? undefined : describeEnd(line, line.error, asked);
  return {
    outcome,
    at: line.time,
    times: 1,
    firstAt: line.time,
    ...(line.tookMs === undefined ? {} : { tookMs: line.tookMs }),
    hops,
    ...(failed === undefined ? {} : { end: failed }),
  };
}

function askedHops(records: TraceRecords, asked: FetchedLine): Hop[] {
  const { assertion, token } = asked;
  const hops: Hop[] = [];
  if (assertion !== undefined) {
    const { issuer, subject, audience, issuedAt, expiresAt } = assertion;
    hops.push({ hop: 'token', at: issuedAt ?? asked.time, issuer, subject, audience, ...(expiresAt && { expiresAt }) });
  }
  if (token !== undefined) {
    const { had, request } = account(records, asked, token, (line) => line.token);
    const { federatedCredential, nearestCredential } = request?.details ?? {};
    // What was never asked of the vault has failed with its token.
    const failed = asked.objects.find((object) => object.how === undefined)?.failed;
    hops.push({
      hop: 'exchange',
      ...had,
      ...(request === undefined && failed !== undefined ? { failed } : {}),
      clientId: asked.clientId,
      ...(request?.identity?.name && { identity: request.identity.name }),
      ...(federatedCredential && { credential: federatedCredential }),
      ...(nearestCredential && { nearestCredential }),
    });
  }
  for (const object of asked.objects) {
    const { how, at } = object;
    if (how === undefined || at === undefined) continue;
    const { had, request } = account(records, asked, { ...object, how, at }, (line) =>
      line.objects.find(({ correlationId }) => correlationId === object.correlationId),
    );
    const { allowedBy, refusedBy } = request?.details ?? {};
    hops.push({
      hop: 'read',
      ...had,
      vault: asked.vault,
      object: object.id,
      ...(object.version && { version: object.version }),
      ...(request === undefined && object.failed !== undefined ? { failed: object.failed } : {}),
      ...(allowedBy && { allowedBy }),
      ...(refusedBy && { refusedBy }),
    });
  }
  return hops;
}

interface LoggedRequest {
  readonly how?: 'fetched' | 'shared' | 'kept' | undefined;
  readonly at?: string | undefined;
  readonly tookMs?: number | undefined;
  readonly correlationId?: string | undefined;
}

/** A request as the pod's own line has it, with what Azure's audit log says, and the pod that it was made for. */
function account(
  { lines, audit }: TraceRecords,
  asked: FetchedLine,
  logged: LoggedRequest & { readonly how: 'fetched' | 'shared' | 'kept'; readonly at: string },
  find: (line: FetchedLine) => LoggedRequest | undefined,
) {
  const { how, at, tookMs, correlationId } = logged;
  const request = correlationId === undefined ? undefined : audit.find((one) => one.correlationId === correlationId);
  const maker =
    how === 'fetched' || correlationId === undefined
      ? undefined
      : lines.fetched.find((line) => {
          const theirs = find(line);
          return theirs?.how === 'fetched' && theirs.correlationId === correlationId;
        });
  const secondsBefore = Math.max(0, Math.round((Date.parse(asked.time) - Date.parse(at)) / 1000));
  const had = {
    at,
    how,
    ...(tookMs === undefined ? {} : { tookMs }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(maker === undefined ? {} : { askedFor: { pod: `${maker.namespace}/${maker.pod}`, secondsBefore } }),
    ...(request === undefined ? {} : { result: request.result, status: request.status }),
    ...(request?.fault === undefined ? {} : { fault: request.fault }),
  };
  return { had, request };
}

function writtenHops(line: PublishLine, outcome: Attempt['outcome']): Hop[] {
  const hops: Hop[] = [];
  const { files, moreFiles, secrets, steps } = line;
  if (files !== undefined && files.length > 0 && outcome !== 'unchanged') {
    const tookMs = steps?.['write'];
    hops.push({
      hop: 'files',
      at: line.time,
      files,
      ...(moreFiles === undefined ? {} : { moreFiles }),
      ...(tookMs === undefined ? {} : { tookMs }),
    });
  }
  if (secrets !== undefined) {
    const tookMs = steps?.['sync'];
    const synced = secrets.state === 'synced';
    hops.push({
      hop: 'secrets',
      at: line.time,
      names: secrets.names,
      synced,
      ...(tookMs === undefined ? {} : { tookMs }),
    });
  }
  return hops;
}

const STAGES: Readonly<Record<string, string>> = {
  SecretProviderClassNotFound: 'the SecretProviderClass',
  FailedToLookupProviderGRPCClient: 'the provider',
  FailedToEnsureMountPoint: 'the mount point',
  FailedToMount: 'the mount',
  FileWriteError: 'the files',
};

function describeEnd(line: PublishLine, error: string, asked: FetchedLine | undefined): TraceEnd {
  const failed = asked?.objects.filter((object) => object.failed !== undefined) ?? [];
  const [first] = failed;
  // An object that was never asked of the vault has failed with its token.
  const where =
    first !== undefined && line.errorType === 'GRPCProviderError'
      ? first.how === undefined
        ? 'the exchange at Entra ID'
        : `the read from ${asked?.vault ?? 'Key Vault'}`
      : (STAGES[line.errorType ?? ''] ?? 'the provider');
  const mend = line.hint ?? first?.hint;
  return {
    at: line.time,
    where,
    why: withoutMend(error, mend),
    ...(mend === undefined ? {} : { mend: sentence(mend) }),
  };
}

/** The driver's texts hold the mend too; here it stands apart. */
function withoutMend(error: string, mend: string | undefined): string {
  const told = mend === undefined ? error : error.replaceAll(` (${mend})`, '');
  return told.replace(/^failed to mount objects, error: /, '');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
