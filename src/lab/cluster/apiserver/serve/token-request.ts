import { textOf, isRecord, recordOf, textsOf } from '../json.ts';
import type { Target } from '../operations/context.ts';
import { decodeOptions } from '../operations/decode.ts';
import type { ServeContext } from './context.ts';

/** POST serviceaccounts/NAME/token: answers the TokenRequest with its status filled in. */
export async function requestToken(
  context: ServeContext,
  target: Target,
  body: unknown,
): Promise<Record<string, unknown>> {
  const request = decodeOptions('AuthenticationV1TokenRequest', body ?? {});
  const spec = recordOf(request['spec']);
  const bound = spec['boundObjectRef'];
  const expirationSeconds = typeof spec['expirationSeconds'] === 'number' ? spec['expirationSeconds'] : 3600;
  const issued = await context.tokens.issue(
    { namespace: target.namespace ?? '', name: target.name },
    {
      audiences: textsOf(spec['audiences']),
      expirationSeconds,
      ...(isRecord(bound)
        ? {
            boundObject: {
              kind: textOf(bound['kind']),
              apiVersion: textOf(bound['apiVersion'], 'v1'),
              name: textOf(bound['name']),
              uid: textOf(bound['uid']),
            },
          }
        : {}),
    },
  );
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: target.name, namespace: target.namespace },
    spec: { ...spec, audiences: issued.audiences, expirationSeconds },
    // the one place where the token itself is meant to leave: the answer to who asked for it
    status: { token: issued.token.expose(), expirationTimestamp: issued.expirationTimestamp },
  };
}
