import { fromBinary } from '@bufbuild/protobuf';
import type { Resource } from '../../xds/resource.ts';
import { messageName, registry } from '../protos/registry.ts';
import { filterRules } from './filter-rules.ts';
import type { Mention } from './mentions.ts';
import { collector } from './mentions.ts';
import { type Violation, violations } from './message-rules.ts';
import type { Elsewhere, Referring } from './references.ts';
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
  return `${type} ${p.name}: ${p.path ? `${p.path} ` : ''}${p.rule} (given ${p.value})`;
}

/**
 * Checks the resources of one proxy before they are served: the field rules that Envoy itself applies, read from the message
 * descriptors, those of Umbra's own filters, then names that point from one resource to another, except to what is given
 * `elsewhere` (clusters of a bootstrap file, say). Empty = nothing wrong that can be seen from here; what only Envoy knows (a port in use, a module that does not load)
 * comes back as its refusal.
 */
export function validate(resources: readonly Resource[], elsewhere?: Elsewhere): Problem[] {
  const out: Problem[] = [];
  const referring: Referring[] = [];
  for (const r of resources) {
    const checked = validateOne(r);
    out.push(...checked.problems);
    if (checked.mentions) referring.push({ resource: r, mentions: checked.mentions });
  }
  return [...out, ...referenceProblems(referring, elsewhere)];
}

interface Checked {
  readonly problems: readonly Problem[];
  /** Undefined where the body cannot be read. */
  readonly mentions: readonly Mention[] | undefined;
}

const known = new WeakMap<Resource, Checked>();

/** Field rules and names in one resource; looked at once for all proxies that share it. */
function validateOne(r: Resource): Checked {
  let checked = known.get(r);
  if (!checked) {
    checked = check(r);
    known.set(r, checked);
  }
  return checked;
}

function check(r: Resource): Checked {
  const problem = (path: string, rule: string, value: string): Problem => ({
    typeUrl: r.typeUrl,
    name: r.name,
    path,
    rule,
    value,
  });
  const schema = registry().getMessage(messageName(r.typeUrl));
  if (!schema) return { problems: [problem('', 'must be of a known type', r.typeUrl)], mentions: undefined };
  const mentions: Mention[] = [];
  try {
    const ofFilters: Violation[] = [];
    const [mention, filter] = [collector(mentions), filterRules(ofFilters, r.name)];
    const found = violations(schema, fromBinary(schema, r.body), (message, path) => {
      mention(message, path);
      filter(message, path);
    });
    return { problems: [...found, ...ofFilters].map((v) => problem(v.path, v.rule, v.value)), mentions };
  } catch (error) {
    const value = error instanceof Error ? error.message : String(error);
    return { problems: [problem('', 'must be decodable', value)], mentions: undefined };
  }
}
