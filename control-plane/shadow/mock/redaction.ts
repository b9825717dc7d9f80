import { isCredential, isCredentialHeader } from './credentials.ts';
import { REDACTED, withoutSecrets } from './looks.ts';

/** Makes credentials, card numbers and what a document names unreadable before an answer is kept. */
export interface Redaction {
  path(path: string): string;
  header(name: string, value: string): string;
  /** By the content type; undefined where it cannot be read, so that nothing is known of what it hides. */
  body(text: string, type: string): string | undefined;
}

/** A value written percent-encoded, anew only if something in it is secret. */
function encoded(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return withoutSecrets(text);
  }
  const kept = withoutSecrets(plain);
  return kept === plain ? text : encodeURIComponent(kept);
}

/** All that is in a JSON value: what it is stays, what it says goes. */
function blank(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('{{request.') ? value : REDACTED;
  if (typeof value === 'number') return 0;
  if (Array.isArray(value)) return value.map(blank);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, blank(v)]));
  return null;
}

/** A card's number may stand as a number; an integer too large to be read exactly says nothing that could be kept. */
function ofNumber(n: number): number {
  const hides = Number.isInteger(n) && (!Number.isSafeInteger(n) || withoutSecrets(String(n)) !== String(n));
  return hides ? 0 : n;
}

/** Redacts by default names and looks and by those a document adds. */
export function redaction(
  more: { headers?: readonly string[]; query?: readonly string[]; jsonFields?: readonly string[] } = {},
): Redaction {
  const lower = (names: readonly string[] = []) => new Set(names.map((n) => n.toLowerCase()));
  const headers = lower(more.headers);
  const fields = lower(more.query);
  const jsonFields = lower(more.jsonFields);

  /** A query, or a form. */
  const pairs = (text: string): string =>
    text
      .split('&')
      .map((pair) => {
        const [written = '', ...rest] = pair.split('=');
        if (rest.length === 0) return encoded(pair);
        const name = encoded(written);
        const bare = nameOf(written);
        return isCredential(bare) || fields.has(bare) ? `${name}=${REDACTED}` : `${name}=${encoded(rest.join('='))}`;
      })
      .join('&');

  /** A path or a URL, with a query or without. */
  const url = (text: string): string => {
    const at = text.indexOf('?');
    const bare = (at < 0 ? text : text.slice(0, at)).split('/').map(encoded).join('/');
    return at < 0 ? bare : `${bare}?${pairs(text.slice(at + 1))}`;
  };

  const json = (text: string): string | undefined => {
    try {
      const value: unknown = JSON.parse(text, (key, v: unknown) => {
        if (isCredential(key) || jsonFields.has(key.toLowerCase())) return blank(v);
        if (typeof v === 'number') return ofNumber(v);
        return typeof v === 'string' ? withoutSecrets(v) : v;
      });
      return JSON.stringify(value);
    } catch {
      return undefined;
    }
  };

  return {
    path: url,
    header(name, value) {
      if (isCredentialHeader(name) || headers.has(name.toLowerCase())) return REDACTED;
      return value.includes('?') ? url(value) : withoutSecrets(value);
    },
    body(text, type) {
      const kind = type.split(';', 1)[0]!.trim().toLowerCase();
      if (text === '') return text;
      if (kind === 'application/json' || kind.endsWith('+json')) return json(text);
      if (kind === 'application/x-www-form-urlencoded') return pairs(text);
      // JSON comes as text too.
      if (kind === 'text/plain')
        return /^\s*[{[]/.test(text) ? (json(text) ?? withoutSecrets(text)) : withoutSecrets(text);
      return undefined;
    },
  };
}

/** A field's name as it is meant, lower case. */
function nameOf(written: string): string {
  try {
    return decodeURIComponent(written).toLowerCase();
  } catch {
    return written.toLowerCase();
  }
}
