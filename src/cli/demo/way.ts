import type { AuditRecord } from '#lab/cloud';
import type { Hop, Trace } from '#lab/session';
import type { Narrator } from './narrator.ts';

type HopOf<Name extends Hop['hop']> = Extract<Hop, { readonly hop: Name }>;

/** Tells the way of a pod's secrets as a story, from its trace; `requests` are those made to the emulated Azure meanwhile. */
export function tellWay(tell: Narrator, trace: Trace, requests: readonly AuditRecord[]): void {
  for (const { attempts } of trace.volumes) {
    const [first] = attempts;
    for (const hop of first?.hops ?? []) tellHop(tell, hop, requests);
  }
}

function tellHop(tell: Narrator, hop: Hop, requests: readonly AuditRecord[]): void {
  switch (hop.hop) {
    case 'token':
      tellToken(tell, hop);
      return;
    case 'exchange':
      tellExchange(tell, hop, requests);
      return;
    case 'read':
      tellRead(tell, hop, requests);
      return;
    case 'files': {
      const files = hop.files.map(({ path, mode, sizeBytes }) => `${path} (mode ${mode}, ${sizeBytes} bytes)`);
      tell.say(`The driver wrote ${files.join(', ')} into the pod’s own tmpfs, in one swap.`);
      return;
    }
    case 'secrets':
      tell.say(`From the files it made the Kubernetes Secret ${hop.names.join(', ')}, before the container started.`);
  }
}

function tellToken(tell: Narrator, { issuer, subject, audience, expiresAt }: HopOf<'token'>): void {
  tell.say('The kubelet had the API server sign a token for the pod’s service account and passed it to the driver:');
  tell.facts({ issuer, subject, audience, ...(expiresAt === undefined ? {} : { expires: expiresAt }) });
}

function tellExchange(tell: Narrator, hop: HopOf<'exchange'>, requests: readonly AuditRecord[]): void {
  const who = hop.identity ?? hop.clientId;
  if (hop.how !== 'fetched') {
    tell.say(`It proves the same identity as the exchange ${before(hop)}: the node’s broker made no new one.`);
    return;
  }
  tell.say(
    `Entra ID fetched the issuer’s published keys, checked that token and found the federated credential ` +
      `“${hop.credential ?? '?'}”: an access token for ${who}${took(hop)}.`,
  );
  const own = requests.filter(({ service, correlationId }) => service === 'issuer' || isOf(hop, correlationId));
  tell.requests(own);
}

function tellRead(tell: Narrator, hop: HopOf<'read'>, requests: readonly AuditRecord[]): void {
  if (hop.how !== 'fetched') {
    tell.say(`${hop.object} had been read ${before(hop)}, within the freshness window: Key Vault was not asked again.`);
    return;
  }
  tell.say(`With it the provider read ${hop.object}${took(hop)}: allowed by the ${hop.allowedBy ?? 'vault'}.`);
  tell.requests(requests.filter(({ correlationId }) => isOf(hop, correlationId)));
}

function isOf(hop: HopOf<'exchange' | 'read'>, correlationId: string | undefined): boolean {
  return correlationId !== undefined && correlationId === hop.correlationId;
}

function before({ askedFor }: HopOf<'exchange' | 'read'>): string {
  return askedFor === undefined ? 'before' : `${askedFor.secondsBefore} s before for the pod ${askedFor.pod}`;
}

function took({ tookMs }: Hop): string {
  return tookMs === undefined ? '' : ` (${tookMs} ms)`;
}
