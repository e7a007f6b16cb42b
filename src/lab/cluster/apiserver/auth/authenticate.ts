import { textOf } from '../json.ts';
import type { IncomingMessage } from 'node:http';
import { TLSSocket, type PeerCertificate } from 'node:tls';
import type { UserInfo } from '../operations/context.ts';
import { unauthorized } from '../status-errors.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';

/** Who asks without credentials. */
export const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

/** Finds who sent a request: a client certificate of the cluster's CA, else a service account token, else nobody. Throws 401 for a token that is not accepted. */
export async function authenticate(request: IncomingMessage, tokens: ServiceAccountTokens): Promise<UserInfo> {
  const byCertificate = certificateUser(request);
  if (byCertificate !== undefined) return byCertificate;
  const { authorization } = request.headers;
  if (authorization === undefined) return ANONYMOUS;
  const match = /^bearer\s+(\S+)$/i.exec(authorization);
  if (match === null) throw unauthorized();
  const verified = await tokens.verify(match[1] ?? '');
  if (verified === undefined) throw unauthorized();
  return verified.user;
}

function certificateUser({ socket }: IncomingMessage): UserInfo | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  // Null once the client has gone, whatever the types say.
  const certificate = socket.getPeerCertificate() as Partial<PeerCertificate> | null;
  const subject = certificate?.subject;
  if (subject === undefined || typeof subject.CN !== 'string') return undefined;
  const organizations: unknown = subject.O;
  const groups = Array.isArray(organizations) ? (organizations as string[]) : [textOf(organizations)];
  return { username: subject.CN, groups: [...groups.filter((group) => group !== ''), 'system:authenticated'] };
}
