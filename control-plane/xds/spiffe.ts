/** A SPIFFE id, `spiffe://trust-domain/path`. */
export interface SpiffeId {
  readonly uri: string;
  readonly trustDomain: string;
  /** Segments of the path; none for the id of the trust domain itself. */
  readonly path: readonly string[];
}

const LONGEST = 2048;

/** Reads a SPIFFE id by the SPIFFE-ID standard (section 2), strictly; undefined where it is none. */
export function parseSpiffeId(uri: string): SpiffeId | undefined {
  if (uri.length > LONGEST) return undefined;
  const parts = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[a-zA-Z0-9._-]+)*)$/.exec(uri);
  if (!parts) return undefined;
  const path = parts[2]!.split('/').slice(1);
  if (path.some((segment) => segment === '.' || segment === '..')) return undefined;
  return { uri, trustDomain: parts[1]!, path };
}

/**
 * The URIs among a certificate's alternative names as Node writes them: `URI:…` between commas, in quotes like a JSON
 * string where the name holds a character that could pass for another entry.
 */
export function uriNames(subjectAltName: string | undefined): string[] {
  const entry = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g;
  return Array.from((subjectAltName ?? '').matchAll(entry))
    .filter(([, kind]) => kind === 'URI')
    .map(([, , name]) => (name!.startsWith('"') ? String(JSON.parse(name!)) : name!));
}
