import type { IncomingMessage } from 'node:http';
import { parse as parseYaml } from 'yaml';
import { readBody } from '#http';
import { errorText, isDeeperThan, yamlProblem } from '#base';
import type { DeleteRequest, PatchType } from '../../api-access.ts';
import { isRecord } from '../json.ts';
import type { UserInfo, WriteOptions } from '../operations/context.ts';
import { decodeOptions } from '../operations/decode.ts';
import { decodeProtobuf, PROTOBUF_TYPE } from '../protobuf/decode.ts';
import { badRequest, invalid, unsupportedMediaType } from '../status-errors.ts';
import { checkWriteQuery } from './write-issues.ts';

/** As kube-apiserver's --max-request-bytes. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** What works on objects calls itself once for each level; the deepest schemas of definitions have well below 200. */
const MAX_DEPTH = 500;
/** The parser compares each key of a map with all others; people write no longer ones by hand. */
const MAX_YAML_ENTRIES = 10_000;
const TEXT_TYPES: ReadonlySet<string> = new Set([
  '',
  'application/json',
  'application/yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]);
const PROPAGATION_POLICIES: readonly unknown[] = ['Background', 'Foreground', 'Orphan'];
const MAX_MANAGER_LENGTH = 128;

/** The media type of a request's body, in lower case and without parameters. */
export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** Reads the body as JSON, YAML or, for a few kinds, protobuf; undefined when it is empty. Throws 400, 413 and 415. */
export async function readObject(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBody(request, MAX_BODY_BYTES);
  if (bytes.length === 0) return undefined;
  const mediaType = mediaTypeOf(request);
  if (mediaType === PROTOBUF_TYPE) return checkedDepth(decodeProtobuf(bytes));
  if (!TEXT_TYPES.has(mediaType)) {
    throw unsupportedMediaType(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  }
  return checkedDepth(parseText(bytes));
}

function checkedDepth(body: unknown): unknown {
  if (isDeeperThan(body, MAX_DEPTH)) {
    throw badRequest(`the object provided is nested more than ${MAX_DEPTH} levels deep`);
  }
  return body;
}

function parseText(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    // JSON is the rule and parses much faster; apply patches and application/yaml may be either
    if (/^\s*[[{]/.test(text)) return JSON.parse(text) as unknown;
    const problem = yamlProblem(text, { maxDepth: MAX_DEPTH, maxEntries: MAX_YAML_ENTRIES });
    if (problem !== undefined) throw new Error(`the YAML ${problem}`);
    return parseYaml(text) as unknown;
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${errorText(error)}`);
  }
}

/** The patch type of a content type. Throws 415. */
export function patchTypeOf(mediaType: string): PatchType {
  switch (mediaType) {
    case 'application/json-patch+json':
      return 'json';
    case 'application/merge-patch+json':
      return 'merge';
    case 'application/strategic-merge-patch+json':
      return 'strategic';
    case 'application/apply-patch+yaml':
      return 'apply';
    default:
      throw unsupportedMediaType(
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
      );
  }
}

/** How a write was asked for: its query and, for the manager's name, the client's own. Throws 422 for values that are not known. */
export function parseWriteOptions(request: IncomingMessage, query: URLSearchParams, user: UserInfo): WriteOptions {
  checkWriteQuery(request.method ?? '', query);
  const dryRun = query.getAll('dryRun');
  const fieldValidation = (query.get('fieldValidation') || 'Warn') as WriteOptions['fieldValidation'];
  const agent = request.headers['user-agent']?.split('/')[0] ?? 'unknown';
  return {
    user,
    dryRun: dryRun.includes('All'),
    fieldValidation,
    fieldManager: (query.get('fieldManager') ?? agent).slice(0, MAX_MANAGER_LENGTH),
    warnings: [],
  };
}

/** What a deletion asks for: its body (DeleteOptions), else its query. */
export function parseDeleteRequest(
  body: unknown,
  query: URLSearchParams,
): DeleteRequest & { readonly dryRun: boolean } {
  const options = body === undefined || body === null ? {} : decodeOptions('DeleteOptions', body);
  const grace = Number(options['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds') ?? Number.NaN);
  const inQuery = query.get('gracePeriodSeconds');
  if (inQuery !== null && !/^-?\d+$/.test(inQuery)) {
    throw badRequest(`gracePeriodSeconds: Invalid value: ${JSON.stringify(inQuery)}: not a whole number`);
  }
  const policy = options['propagationPolicy'] ?? query.get('propagationPolicy') ?? undefined;
  if (policy !== undefined && !PROPAGATION_POLICIES.includes(policy)) {
    throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
      {
        field: 'propagationPolicy',
        reason: 'FieldValueNotSupported',
        value: policy,
        detail: 'supported values: "Background", "Foreground", "Orphan"',
      },
    ]);
  }
  const orphan = options['orphanDependents'] === true || query.get('orphanDependents') === 'true';
  const preconditions = options['preconditions'];
  checkWriteQuery('DELETE', query);
  const dryRun = [
    ...(Array.isArray(options['dryRun']) ? (options['dryRun'] as unknown[]) : []),
    ...query.getAll('dryRun'),
  ];
  return {
    gracePeriodSeconds: Number.isNaN(grace) ? undefined : grace,
    propagationPolicy: orphan ? 'Orphan' : (policy as DeleteRequest['propagationPolicy']),
    preconditions: isRecord(preconditions) ? preconditions : undefined,
    dryRun: dryRun.includes('All'),
  };
}
