import { createHash } from 'node:crypto';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { Resource } from '../../control-plane/xds/resource.ts';
import { typeUrls } from '../../control-plane/xds/type-urls.ts';

export const { CDS, EDS, LDS, RDS, ECDS, RTDS, SDS } = typeUrls;

/** A resource whose body is its name and text: what it means is no business of the server. */
export function resource(typeUrl: string, name: string, text = '1', more: Partial<Resource> = {}): Resource {
  const body = new TextEncoder().encode(`${name}=${text}`);
  const version = createHash('sha256').update(body).digest('hex').slice(0, 12);
  return { typeUrl, name, version, body, scope: 'any', ...more };
}

/** `name=text` of every resource of an answer, sorted. */
export function texts(resources: readonly (Any | { resource?: Any | undefined })[]): string[] {
  const text = (any: Any | undefined) => (any ? new TextDecoder().decode(any.value) : '(no body)');
  return resources.map((r) => text('typeUrl' in r ? (r as Any) : (r as { resource?: Any }).resource)).sort();
}
