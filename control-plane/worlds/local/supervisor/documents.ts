import { readFileSync } from 'node:fs';
import { type Documents, parseDocuments } from '../../../api/kinds/parse.ts';
import type { Endpoint } from '../../../envoy/node.ts';
import { UmbraError } from '../../../mesh/errors.ts';
import type { ServiceId } from '../../../mesh/topology.ts';

/** Reads an application's file. @throws UmbraError UMB0102 where it is not there, UMB0101 with every problem's line */
export function readDocuments(file: string): Documents {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UmbraError('UMB0102', file, { cause });
  }
  return parseDocuments(text, file);
}

/** Where production finds what is outside. */
export function externalsOf(documents: Documents): Record<ServiceId, Endpoint[]> {
  const found: Record<ServiceId, Endpoint[]> = {};
  for (const [name, { url }] of Object.entries(documents.application.spec.externals ?? {})) {
    const at = new URL(url);
    found[name] = [{ address: { host: at.hostname, port: Number(at.port || 80) }, replica: 0, healthy: true }];
  }
  return found;
}
