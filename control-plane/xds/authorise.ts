import type { Authorise } from './peer.ts';

/**
 * Whether a certificate covers a node id. The SPIFFE path is the node id or a prefix of it in whole segments
 * (`spiffe://mesh/production/cart` covers `production/cart/0`). In Istio's form, `spiffe://TRUST-DOMAIN/ns/NS/sa/SA` covers
 * nodes of its namespace, `TYPE~IP~POD.NS~DOMAIN`, as istiod checks it (pilot/pkg/xds/auth.go).
 *
 * `trustDomains`: which ones count; default: every one that the listener's authorities vouch for.
 */
export function byCertificate(options: { readonly trustDomains?: readonly string[] } = {}): Authorise {
  return ({ identity }, nodeId) => {
    const id = identity?.spiffeId;
    if (!id) return 'its certificate has no SPIFFE id';
    if (options.trustDomains && !options.trustDomains.includes(id.trustDomain))
      return `the trust domain of ${id.uri} is not among ${options.trustDomains.join(', ')}`;
    return coversPath(id.path, nodeId) || coversNamespace(id.path, nodeId) ? undefined : `${id.uri} does not cover it`;
  };
}

/** On listeners without TLS: whoever can connect may be anybody. */
export const anybody: Authorise = () => undefined;

function coversPath(path: readonly string[], nodeId: string): boolean {
  const own = nodeId.split('/');
  return path.length > 0 && path.every((segment, i) => own[i] === segment);
}

function coversNamespace(path: readonly string[], nodeId: string): boolean {
  const [ns, namespace, sa] = path;
  if (path.length !== 4 || ns !== 'ns' || sa !== 'sa') return false;
  const parts = nodeId.split('~');
  const pod = parts[2] ?? '';
  return parts.length === 4 && pod.includes('.') && pod.slice(pod.lastIndexOf('.') + 1) === namespace;
}
