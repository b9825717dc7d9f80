import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { PREFIX_BYTES, writePrefix } from './http2-call.ts';
import { remember } from './remember.ts';
import type { Resource } from './resource.ts';
import type { Outgoing } from './subscription.ts';
import type { TypeSet } from './type-set.ts';

const WRAPPED = 'type.googleapis.com/envoy.service.discovery.v3.Resource';

/** Tag of a length-delimited field. */
const tag = (field: number) => (field << 3) | 2;

/** `resources` of either protocol, tag and length included, once per resource for all streams. */
const sotwEntries = new WeakMap<Resource, Uint8Array>();
const deltaEntries = new WeakMap<Resource, Uint8Array>();

/** Encoded answers of one set. After a change thousands of streams are sent the same, one after the other: the last one. */
interface Encoded {
  readonly byKey: Map<string, Buffer>;
  last: { readonly answer: Outgoing; readonly identifier: string; readonly bytes: Buffer } | undefined;
}

/** As long as the set they show is alive. */
const answers = new WeakMap<TypeSet, Encoded>();
const MOST_ANSWERS = 64;

/**
 * A DiscoveryResponse or DeltaDiscoveryResponse (envoy.service.discovery.v3) in its gRPC frame. Written by hand around the
 * resources' own bytes, which generated messages would copy for every stream; equal answers are one shared buffer.
 */
export function encodeAnswer(answer: Outgoing, identifier: string): Buffer {
  if (answer.key === undefined || answer.heartbeat) return write(answer, identifier);
  const encoded = remember<TypeSet, Encoded>(answers, answer.set, () => ({ byKey: new Map(), last: undefined }));
  const { byKey, last } = encoded;
  if (last && last.identifier === identifier && isSame(last.answer, answer)) return last.bytes;
  const key = `${answer.protocol} ${answer.ttl} ${answer.nonce} ${answer.version} ${identifier} ${answer.key}`;
  let bytes = byKey.get(key);
  if (!bytes) {
    bytes = write(answer, identifier);
    if (byKey.size >= MOST_ANSWERS) byKey.delete(byKey.keys().next().value!);
    byKey.set(key, bytes);
  }
  encoded.last = { answer, identifier, bytes };
  return bytes;
}

/** Whether two answers of one set have the same bytes. */
function isSame(a: Outgoing, b: Outgoing): boolean {
  return (
    a.key === b.key && a.nonce === b.nonce && a.version === b.version && a.ttl === b.ttl && a.protocol === b.protocol
  );
}

function write(answer: Outgoing, identifier: string): Buffer {
  const w = new BinaryWriter();
  w.raw(new Uint8Array(PREFIX_BYTES));
  w.uint32(tag(1)).string(answer.version);
  for (const r of answer.resources) w.raw(entry(answer, r));
  w.uint32(tag(4)).string(answer.typeUrl);
  w.uint32(tag(5)).string(answer.nonce);
  for (const name of answer.removed)
    if (answer.missing?.has(name)) w.uint32(tag(2)).bytes(unresolved(name));
    else w.uint32(tag(6)).string(name);
  const controlPlane = new BinaryWriter().uint32(tag(1)).string(identifier).finish();
  w.uint32(tag(answer.protocol === 'sotw' ? 6 : 7)).bytes(controlPlane);
  const bytes = w.finish();
  return writePrefix(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

function entry(answer: Outgoing, r: Resource): Uint8Array {
  const timed = answer.ttl && r.ttlMs !== undefined;
  if (answer.protocol === 'sotw') {
    // A heartbeat keeps its bodies here: Envoy's state-of-the-world client drops resources without one before it renews
    // their timers, and a wildcard watch then takes what is left, nothing, for everything.
    if (timed) return field(2, any(WRAPPED, wrapper(r, answer.version, true, true)));
    return remember(sotwEntries, r, () => field(2, any(r.typeUrl, r.body)));
  }
  if (timed) return field(2, wrapper(r, r.version, true, !answer.heartbeat));
  return remember(deltaEntries, r, () => field(2, wrapper(r, r.version, false, true)));
}

function field(number: number, message: Uint8Array): Uint8Array {
  return new BinaryWriter().uint32(tag(number)).bytes(message).finish();
}

function any(typeUrl: string, value: Uint8Array): Uint8Array {
  return new BinaryWriter().uint32(tag(1)).string(typeUrl).uint32(tag(2)).bytes(value).finish();
}

/** A name that stands for nothing, as a Resource: its name, itself as its alias, and no body. */
function unresolved(name: string): Uint8Array {
  return new BinaryWriter().uint32(tag(3)).string(name).uint32(tag(4)).string(name).finish();
}

/** envoy.service.discovery.v3.Resource */
function wrapper(r: Resource, version: string, timed: boolean, withBody: boolean): Uint8Array {
  const w = new BinaryWriter();
  w.uint32(tag(1)).string(version);
  if (withBody) w.uint32(tag(2)).bytes(any(r.typeUrl, r.body));
  w.uint32(tag(3)).string(r.name);
  if (timed && r.ttlMs !== undefined) {
    const duration = new BinaryWriter();
    duration.uint32(1 << 3).int64(Math.floor(r.ttlMs / 1000));
    duration.uint32(2 << 3).int32((r.ttlMs % 1000) * 1_000_000);
    w.uint32(tag(6)).bytes(duration.finish());
  }
  return w.finish();
}
