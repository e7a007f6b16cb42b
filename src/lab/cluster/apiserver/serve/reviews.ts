import { textOf, isRecord, recordOf, type JsonRecord, textsOf } from '../json.ts';
import type { Attributes } from '../auth/authorizer.ts';
import type { ReviewName } from '../kinds/review-kinds.ts';
import type { UserInfo } from '../operations/context.ts';
import { decodeOptions } from '../operations/decode.ts';
import { badRequest } from '../status-errors.ts';
import type { ServeContext } from './context.ts';

/** Answers a review: the question with its status filled in. Throws 400 for one that cannot be read. */
export async function answerReview(
  context: ServeContext,
  asking: UserInfo,
  kind: ReviewName,
  namespace: string | undefined,
  body: unknown,
): Promise<Record<string, unknown>> {
  const review = decodeOptions(kind, body);
  const spec = recordOf(review['spec']);
  const answer = (status: unknown) => ({ metadata: {}, ...review, kind, apiVersion: review['apiVersion'], status });
  switch (kind) {
    case 'TokenReview':
      return answer(await tokenStatus(context, spec));
    case 'SelfSubjectReview':
      return answer({ userInfo: userInfoOf(asking) });
    case 'SelfSubjectAccessReview':
      return answer(accessStatus(context, asking, attributesOf(spec)));
    case 'SubjectAccessReview':
      return answer(accessStatus(context, subjectOf(spec), attributesOf(spec)));
    case 'LocalSubjectAccessReview':
      return answer(accessStatus(context, subjectOf(spec), withNamespace(attributesOf(spec), namespace)));
    case 'SelfSubjectRulesReview':
    default:
      return answer(rulesStatus(context, asking, spec));
  }
}

async function tokenStatus(context: ServeContext, spec: JsonRecord): Promise<unknown> {
  const asked = textsOf(spec['audiences']);
  const audiences = asked.length === 0 ? context.tokens.apiAudiences : asked;
  const verified = await context.tokens.verify(textOf(spec['token']), audiences);
  if (verified === undefined) return { user: {}, error: '[invalid bearer token]' };
  return { authenticated: true, user: userInfoOf(verified.user), audiences: verified.audiences };
}

function userInfoOf({ username, uid, groups, extra }: UserInfo): JsonRecord {
  return { username, ...(uid === undefined ? {} : { uid }), groups, ...(extra === undefined ? {} : { extra }) };
}

function attributesOf(spec: JsonRecord): Attributes {
  const resource = spec['resourceAttributes'];
  if (isRecord(resource)) {
    const text = (field: string) => (typeof resource[field] === 'string' ? resource[field] : '');
    return {
      type: 'resource',
      verb: text('verb'),
      group: text('group'),
      resource: text('resource'),
      subresource: text('subresource') || undefined,
      namespace: text('namespace') || undefined,
      name: text('name') || undefined,
    };
  }
  const path = spec['nonResourceAttributes'];
  if (!isRecord(path)) throw badRequest('spec.resourceAttributes or spec.nonResourceAttributes must be given');
  return { type: 'path', verb: textOf(path['verb']), path: textOf(path['path']) };
}

function withNamespace(attributes: Attributes, namespace: string | undefined): Attributes {
  return attributes.type === 'resource' ? { ...attributes, namespace } : attributes;
}

function subjectOf(spec: JsonRecord): UserInfo {
  return { username: textOf(spec['user']), groups: textsOf(spec['groups']) };
}

function accessStatus(context: ServeContext, user: UserInfo, attributes: Attributes): unknown {
  const reason = context.authorizer.allows(user, attributes);
  return reason === undefined ? { allowed: false } : { allowed: true, reason };
}

function rulesStatus(context: ServeContext, user: UserInfo, spec: JsonRecord): unknown {
  const namespace = textOf(spec['namespace']);
  if (namespace === '') throw badRequest('no namespace on request');
  const rules = context.authorizer.rulesFor(user, namespace);
  return {
    incomplete: false,
    resourceRules: rules
      .filter((rule) => rule.nonResourceURLs === undefined)
      .map(({ verbs, apiGroups = [], resources = [], resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames === undefined ? {} : { resourceNames }),
      })),
    nonResourceRules: rules
      .filter((rule) => rule.nonResourceURLs !== undefined)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
  };
}
