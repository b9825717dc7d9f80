import { fromBinary } from '@bufbuild/protobuf';
import type { Resource } from '../../xds/resource.ts';
import { messageName, registry } from '../protos/registry.ts';
import { violations } from './message-rules.ts';
import { referenceProblems } from './references.ts';

/** One thing wrong with one resource. */
export interface Problem {
  readonly typeUrl: string;
  readonly name: string;
  /** The field, as the .proto names it. */
  readonly path: string;
  /** What it must be, in words. */
  readonly rule: string;
  /** What was given, as short text. */
  readonly value: string;
}

/** `Cluster out|cart: connect_timeout must be greater than 0 s (given 0 s)`. */
export function describeProblem(p: Problem): string {
  const type = p.typeUrl.slice(p.typeUrl.lastIndexOf('.') + 1);
  return `${type} ${p.name}: ${p.path} ${p.rule} (given ${p.value})`;
}

/**
 * Checks the resources of one proxy before they are served: the field rules that Envoy itself applies, read from the message
 * descriptors, then names that point from one resource to another. Empty = nothing wrong that can be seen from here; what only
 * Envoy knows (a port in use, a module that does not load) comes back as its refusal.
 */
export function validate(resources: readonly Resource[]): Problem[] {
  const out: Problem[] = [];
  const decodable: Resource[] = [];
  for (const r of resources) {
    const of = { typeUrl: r.typeUrl, name: r.name };
    const schema = registry().getMessage(messageName(r.typeUrl));
    if (!schema) {
      out.push({ ...of, path: '', rule: 'must be of a known type', value: r.typeUrl });
      continue;
    }
    try {
      const message = fromBinary(schema, r.body);
      decodable.push(r);
      for (const v of violations(schema, message)) out.push({ ...of, ...v });
    } catch (error) {
      out.push({
        ...of,
        path: '',
        rule: 'must be decodable',
        value: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return [...out, ...referenceProblems(decodable)];
}
