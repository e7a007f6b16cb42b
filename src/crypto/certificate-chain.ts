import { X509Certificate, type KeyObject } from 'node:crypto';

/** Real chains have up to 5 certificates; each pair of one name costs a check of a signature. */
const MAX_ORDERED = 50;

interface Link {
  readonly der: Buffer;
  readonly certificate: X509Certificate;
  /** The other certificates that have signed this one, in the order given: several where the issuer is cross-signed. */
  readonly issuers: Link[];
  isIssuer: boolean;
}

/**
 * Certificates (DER) in the order that servers want: the leaf, then who signed it, up to the root; each once. The leaf is
 * the certificate of `key`, or else the only one that has signed no other. Undefined where they are no chain: some
 * certificate between them is missing, or one has nothing to do with the leaf, or one cannot be read.
 *
 * Who signed whom is told by names and signatures, not by key identifiers, which are optional (RFC 5280, section 4.2.1.1).
 */
export function orderChain(certificates: readonly Buffer[], key?: KeyObject): readonly Buffer[] | undefined {
  const distinct = [...new Map(certificates.map((der) => [der.toString('base64'), der])).values()];
  const links = distinct.length <= MAX_ORDERED ? readLinks(distinct) : undefined;
  if (links === undefined) return undefined;
  for (const link of links) {
    // Above a root there is nothing, though its cross-signed twin has its key too.
    if (hasSigned(link.certificate, link.certificate)) continue;
    link.issuers.push(...links.filter((other) => other !== link && hasSigned(other.certificate, link.certificate)));
    for (const issuer of link.issuers) issuer.isIssuer = true;
  }
  const leaf = findLeaf(links, key);
  if (leaf === undefined) return undefined;
  const ordered = fromLeaf(leaf);
  return ordered.length === links.length ? ordered.map(({ der }) => der) : undefined;
}

function readLinks(certificates: readonly Buffer[]): Link[] | undefined {
  try {
    return certificates.map((der) => ({
      der,
      certificate: new X509Certificate(der),
      issuers: [],
      isIssuer: false,
    }));
  } catch {
    return undefined;
  }
}

function hasSigned(issuer: X509Certificate, subject: X509Certificate): boolean {
  if (issuer.subject !== subject.issuer) return false;
  try {
    return subject.verify(issuer.publicKey);
  } catch {
    // A key or a signature that OpenSSL does not know: then the names have to do.
    return true;
  }
}

function findLeaf(links: readonly Link[], key: KeyObject | undefined): Link | undefined {
  const ofKey = key && links.find(({ certificate }) => certificate.checkPrivateKey(key));
  if (ofKey !== undefined) return ofKey;
  const leaves = links.filter(({ isIssuer }) => !isIssuer);
  return leaves.length === 1 ? leaves[0] : undefined;
}

/** The leaf and all above it, nearest first; of those at one height the ones that others have signed come first. */
function fromLeaf(leaf: Link): readonly Link[] {
  const reached = new Set<Link>();
  for (let level = [leaf]; level.length > 0;) {
    for (const link of level) reached.add(link);
    const above = level.flatMap(({ issuers }) => issuers).filter((link) => !reached.has(link));
    const [signed, roots] = [above.filter(hasIssuers), above.filter((link) => !hasIssuers(link))];
    level = [...new Set([...signed, ...roots])];
  }
  return [...reached];
}

function hasIssuers({ issuers }: Link): boolean {
  return issuers.length > 0;
}
