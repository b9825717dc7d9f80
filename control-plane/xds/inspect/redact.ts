import {
  type DescField,
  type DescMessage,
  fromBinary,
  getOption,
  hasOption,
  type Message,
  toBinary,
} from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { sensitive } from '../../envoy/protos/gen/udpa/annotations/sensitive_pb.js';
import { messageName, registry } from '../../envoy/protos/registry.ts';

/** What stands in place of a secret: the words Envoy's own configuration dump uses. */
export const REDACTED = '[redacted]';

/**
 * An encoded message with every field that its .proto marks `udpa.annotations.sensitive` (private keys, passwords, session
 * tickets) made unreadable, through Any fields too. Types that are not known are returned as they are, as Envoy does; the very
 * same bytes where there was nothing to hide. Undefined where a known type's bytes cannot be read: they may hold anything.
 */
export function redact(typeUrl: string, body: Uint8Array): Uint8Array | undefined {
  const schema = registry().getMessage(messageName(typeUrl));
  if (!schema || !mayHide(schema)) return body;
  try {
    const message = fromBinary(schema, body);
    return redactMessage(reflect(schema, message), false) ? toBinary(schema, message) : body;
  } catch {
    return undefined;
  }
}

const hiding = new Map<DescMessage, boolean>();

/** Whether anything sensitive can be below a message at all. Most types have none, and need not be decoded. */
function mayHide(desc: DescMessage): boolean {
  let may = hiding.get(desc);
  if (may === undefined) {
    // Messages may contain themselves.
    hiding.set(desc, false);
    may =
      desc.typeName === AnySchema.typeName ||
      desc.fields.some((f) => isSensitive(f) || (f.message && mayHide(f.message)));
    hiding.set(desc, may);
  }
  return may;
}

const isSensitive = (field: DescField) => hasOption(field, sensitive) && getOption(field, sensitive);

/** `all`: everything below is sensitive. Returns whether anything was changed. */
function redactMessage(message: ReflectMessage, all: boolean): boolean {
  if (message.desc.typeName === AnySchema.typeName) return redactAny(message.message as Any, all);
  let changed = false;
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    if (redactField(message, field, all || isSensitive(field))) changed = true;
  }
  return changed;
}

function redactAny(any: Any, all: boolean): boolean {
  const schema = registry().getMessage(messageName(any.typeUrl));
  if (!schema) {
    if (all) any.value = new Uint8Array();
    return all;
  }
  const inner: Message = fromBinary(schema, any.value);
  if (!redactMessage(reflect(schema, inner), all)) return false;
  any.value = toBinary(schema, inner);
  return true;
}

function redactField(message: ReflectMessage, field: DescField, all: boolean): boolean {
  switch (field.fieldKind) {
    case 'message':
      return redactMessage(message.get(field), all);
    case 'list': {
      const list = message.get(field);
      if (field.listKind === 'message')
        return [...list].map((m) => redactMessage(m as ReflectMessage, all)).some(Boolean);
      if (!all || list.size === 0) return false;
      message.clear(field);
      return true;
    }
    case 'map': {
      const map = message.get(field);
      if (field.mapKind === 'message')
        return [...map.values()].map((m) => redactMessage(m as ReflectMessage, all)).some(Boolean);
      if (!all || map.size === 0) return false;
      message.clear(field);
      return true;
    }
    case 'scalar':
      if (!all) return false;
      if (typeof message.get(field) === 'string') message.set(field, REDACTED);
      else if (message.get(field) instanceof Uint8Array) message.set(field, new TextEncoder().encode(REDACTED));
      else message.clear(field);
      return true;
    default:
      if (all) message.clear(field);
      return all;
  }
}
