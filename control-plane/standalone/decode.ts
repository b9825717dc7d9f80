import {
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  toBinary,
} from '@bufbuild/protobuf';
import { AnySchema, type Duration } from '@bufbuild/protobuf/wkt';
import { typeUrl } from '../envoy/messages.ts';
import { messageName, registry } from '../envoy/protos/registry.ts';
import { contentVersion, type Resource } from '../xds/resource.ts';

/** Where in a JSON value: keys and indices from its root. */
export type Path = readonly (string | number)[];

/** Something wrong with a JSON value that should be a resource. */
export interface Misfit {
  readonly path: Path;
  readonly message: string;
}

/** envoy.service.discovery.v3.Resource, which gives a resource's name and time to live beside its body. */
const WRAPPER = 'envoy.service.discovery.v3.Resource';

/** Which field of a type names its resources on the wire; `name` for all others that have it. */
const NAME_FIELD: Readonly<Record<string, string>> = {
  'envoy.config.endpoint.v3.ClusterLoadAssignment': 'clusterName',
};

/**
 * A resource from the JSON form of an Any (`@type` and the message's fields, in their proto or JSON names), or from a
 * discovery Resource around one, whose `name` and `ttl` then count. Equal bodies get equal versions.
 */
export function decodeResource(json: JsonValue): { resource: Resource; body: Path } | Misfit {
  const schema = schemaOf(json);
  if ('message' in schema) return schema;
  const { '@type': _, ...fields } = json as JsonObject;
  if (schema.typeName !== WRAPPER) return made(schema, fields, []);
  const { resource: inner, ...rest } = fields;
  if (inner === undefined) return { path: [], message: 'it has no resource' };
  const wrapped = decode(schema, rest, []);
  if ('misfit' in wrapped) return wrapped.misfit;
  const { name, ttl } = wrapped.message as Message & { name: string; ttl?: Duration };
  const innerSchema = schemaOf(inner);
  if ('message' in innerSchema) return below('resource', innerSchema);
  const { '@type': __, ...body } = inner as JsonObject;
  const found = made(innerSchema, body, ['resource'], name);
  if ('message' in found || !ttl) return found;
  const ttlMs = Number(ttl.seconds) * 1000 + Math.round(ttl.nanos / 1e6);
  return { ...found, resource: { ...found.resource, ttlMs } };
}

const below = (key: string, misfit: Misfit): Misfit => ({ ...misfit, path: [key, ...misfit.path] });

function schemaOf(json: JsonValue): DescMessage | Misfit {
  if (!isObject(json)) return { path: [], message: 'a resource must be a mapping with "@type"' };
  const type = json['@type'];
  if (typeof type !== 'string') return { path: [], message: 'it has no "@type", the type of the resource' };
  const schema = registry().getMessage(messageName(type));
  return schema ?? { path: ['@type'], message: unknownType(type) };
}

const unknownType = (type: string) => `${JSON.stringify(type)} is not a type of the API known here`;

function made(
  schema: DescMessage,
  fields: JsonObject,
  path: Path,
  given = '',
): { resource: Resource; body: Path } | Misfit {
  const decoded = decode(schema, fields, path);
  if ('misfit' in decoded) return decoded.misfit;
  const own = (decoded.message as unknown as Record<string, unknown>)[NAME_FIELD[schema.typeName] ?? 'name'];
  const name = given || (typeof own === 'string' ? own : '');
  if (name === '')
    return { path, message: `it has no name: give one, or put it into the "resource" of a ${WRAPPER} that has` };
  const body = toBinary(schema, decoded.message);
  return {
    resource: { typeUrl: typeUrl(schema), name, version: contentVersion(body), body, scope: 'any' },
    body: path,
  };
}

function decode(schema: DescMessage, json: JsonObject, path: Path): { message: Message } | { misfit: Misfit } {
  try {
    return { message: fromJson(schema, json, { registry: registry() }) };
  } catch (error) {
    return { misfit: { path: [...path, ...culprit(schema, json)], message: reason(error) } };
  }
}

/** What a decoding error says beside where, which {@link culprit} knows better. */
function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const unknown = /key "(.*)" is unknown$/.exec(text);
  if (unknown) return `there is no field ${JSON.stringify(unknown[1])} in the API known here`;
  const type = /JSON: (\S+) is not in the type registry$/.exec(text)?.[1];
  if (type) return unknownType(type);
  return text.replace(/^cannot decode (\w+) (\S+) from JSON: /, (_, _kind, type) => `not a ${type}: `);
}

/** The innermost value that cannot be decoded: the decoder names the type, but not which of many. */
function culprit(schema: DescMessage, json: JsonValue): Path {
  if (!isObject(json)) return [];
  if (schema.typeName === AnySchema.typeName) {
    const inner = schemaOf(json);
    if ('message' in inner) return inner.path;
    const { '@type': _, ...fields } = json;
    return culprit(inner, fields);
  }
  if (schema.typeName.startsWith('google.protobuf.')) return [];
  for (const [key, value] of Object.entries(json)) {
    const field = schema.fields.find((f) => f.name === key || f.jsonName === key);
    if (!field) return [key];
    if (decodes(schema, { [key]: value })) continue;
    if (field.fieldKind === 'list' && Array.isArray(value)) {
      const at = value.findIndex((item) => !decodes(schema, { [key]: [item] }));
      if (at >= 0) return [key, at, ...(field.message ? culprit(field.message, value[at]!) : [])];
    } else if (field.fieldKind === 'map' && isObject(value)) {
      const at = Object.keys(value).find((k) => !decodes(schema, { [key]: { [k]: value[k]! } }));
      if (at !== undefined) return [key, at, ...(field.message ? culprit(field.message, value[at]!) : [])];
    } else if (field.message) return [key, ...culprit(field.message, value)];
    return [key];
  }
  return [];
}

function decodes(schema: DescMessage, json: JsonObject): boolean {
  try {
    fromJson(schema, json, { registry: registry() });
    return true;
  } catch {
    return false;
  }
}

export const isObject = (json: JsonValue | undefined): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json);
