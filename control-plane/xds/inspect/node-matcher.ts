import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Node } from '../../envoy/protos/gen/envoy/config/core/v3/base_pb.js';
import type { NodeMatcher } from '../../envoy/protos/gen/envoy/type/matcher/v3/node_pb.js';
import type { StringMatcher } from '../../envoy/protos/gen/envoy/type/matcher/v3/string_pb.js';
import type { StructMatcher } from '../../envoy/protos/gen/envoy/type/matcher/v3/struct_pb.js';
import type { ValueMatcher } from '../../envoy/protos/gen/envoy/type/matcher/v3/value_pb.js';

/** A pattern that is not evaluated here. Its message names it. */
export class UnsupportedMatcher extends Error {}

/**
 * Whether any of the matchers fits a node (envoy.type.matcher.v3.NodeMatcher); none given fits every node. Both parts of one
 * matcher have to fit. @throws UnsupportedMatcher for regular expressions: one from outside can hold a process up for ever
 */
export function matches(node: Node, matchers: readonly NodeMatcher[]): boolean {
  return matchers.length === 0 || matchers.map((m) => fits(node, m)).some(Boolean);
}

function fits(node: Node, { nodeId, nodeMetadatas }: NodeMatcher): boolean {
  const id = !nodeId || string(node.id, nodeId);
  return nodeMetadatas.map((m) => struct(node.metadata, m)).every(Boolean) && id;
}

function string(text: string, { matchPattern, ignoreCase }: StringMatcher): boolean {
  if (matchPattern.case === undefined) return false;
  if (matchPattern.case === 'safeRegex' || matchPattern.case === 'custom')
    throw new UnsupportedMatcher(
      `node matchers by ${matchPattern.case} are not evaluated: give exact, prefix, suffix or contains`,
    );
  const given = ignoreCase ? text.toLowerCase() : text;
  const wanted = ignoreCase ? matchPattern.value.toLowerCase() : matchPattern.value;
  switch (matchPattern.case) {
    case 'exact':
      return given === wanted;
    case 'prefix':
      return given.startsWith(wanted);
    case 'suffix':
      return given.endsWith(wanted);
    case 'contains':
      return given.includes(wanted);
  }
}

/** A missing value is matched by `present_match: false` alone. */
function struct(metadata: JsonObject | undefined, { path, value }: StructMatcher): boolean {
  let at: JsonValue | undefined = metadata;
  for (const { segment } of path)
    at = segment.case === 'key' && isObject(at) && Object.hasOwn(at, segment.value) ? at[segment.value] : undefined;
  return path.length > 0 && value !== undefined && matchValue(at, value);
}

const isObject = (v: JsonValue | undefined): v is JsonObject =>
  typeof v === 'object' && v !== null && !Array.isArray(v);

function matchValue(given: JsonValue | undefined, { matchPattern: m }: ValueMatcher): boolean {
  switch (m.case) {
    case 'nullMatch':
      return given === null;
    case 'doubleMatch': {
      const { matchPattern: of } = m.value;
      if (typeof given !== 'number') return false;
      if (of.case === 'exact') return given === of.value;
      return of.case === 'range' && given >= of.value.start && given < of.value.end;
    }
    case 'stringMatch':
      return typeof given === 'string' && string(given, m.value);
    case 'boolMatch':
      return given === m.value;
    case 'presentMatch':
      return (given !== undefined) === m.value;
    case 'listMatch': {
      const { matchPattern: oneOf } = m.value;
      return Array.isArray(given) && oneOf.case === 'oneOf' && given.some((v) => matchValue(v, oneOf.value));
    }
    case 'orMatch':
      return m.value.valueMatchers.some((v) => matchValue(given, v));
    default:
      return false;
  }
}
