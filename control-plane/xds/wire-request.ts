import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Who asks, from a request's `node` (envoy.config.core.v3.Node). */
export interface WireNode {
  readonly id: string;
  readonly cluster: string;
  readonly clientFeatures: readonly string[];
  /** All of it as it came, a copy. */
  readonly bytes: Uint8Array;
}

/** A DiscoveryRequest or DeltaDiscoveryRequest, as far as the server reads it. */
export interface WireRequest {
  readonly node: WireNode | undefined;
  readonly typeUrl: string;
  /** State of the world: `version_info`. */
  readonly version: string;
  readonly nonce: string;
  /** The message of `error_detail`; undefined = the field is absent, '' = present without a message. */
  readonly error: string | undefined;
  /** State of the world: `resource_names`; delta: `resource_names_subscribe`. Locators count by their names. */
  readonly names: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly initialVersions: ReadonlyMap<string, string>;
}

/** A request while it is read. */
interface Unfinished {
  node: WireNode | undefined;
  typeUrl: string;
  version: string;
  nonce: string;
  error: string | undefined;
  readonly names: string[];
  readonly unsubscribe: string[];
  readonly initialVersions: Map<string, string>;
}

/**
 * Reads a request off the wire (envoy.service.discovery.v3). Done by hand rather than by generated messages because most
 * requests are acknowledgements from proxies that repeat a large `node` each time: it is skipped unread once known.
 * Throws on malformed bytes.
 */
export function decodeRequest(bytes: Uint8Array, protocol: 'sotw' | 'delta', readNode: boolean): WireRequest {
  const request: Unfinished = {
    node: undefined,
    typeUrl: '',
    version: '',
    nonce: '',
    error: undefined,
    names: [],
    unsubscribe: [],
    initialVersions: new Map(),
  };
  const fields = protocol === 'sotw' ? sotwFields : deltaFields;
  const reader = new RequestReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const read = type === WireType.LengthDelimited ? fields[field] : undefined;
    if (!read || (read === node && !readNode)) reader.skip(type, field);
    else read(reader, request);
  }
  return request;
}

/** Where a request's `node` lies, if it is among the first two fields, where generated code writes it. Never throws. */
export function nodeSpan(bytes: Uint8Array, protocol: 'sotw' | 'delta'): readonly [from: number, to: number] {
  const fields = protocol === 'sotw' ? sotwFields : deltaFields;
  const reader = new BinaryReader(bytes);
  try {
    for (let i = 0; i < 2 && reader.pos < reader.len; i++) {
      const from = reader.pos;
      const [field, type] = reader.tag();
      reader.skip(type, field);
      if (type === WireType.LengthDelimited && fields[field] === node) return [from, reader.pos];
    }
  } catch {
    // Whoever reads it will say what is wrong.
  }
  return [0, 0];
}

/** Reads strings where they are, without an array for each: a proxy that comes back tells thousands of versions. */
class RequestReader extends BinaryReader {
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  override string(): string {
    const length = this.uint32();
    const start = this.pos;
    this.pos += length;
    if (this.pos > this.len) throw new RangeError('a string runs past the end');
    return this.#bytes.toString('utf8', start, this.pos);
  }
}

type Field = (reader: BinaryReader, request: Unfinished) => void;

const node: Field = (outer, request) => {
  let id = '';
  let cluster = '';
  const clientFeatures: string[] = [];
  const bytes = Uint8Array.from(outer.bytes());
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type !== WireType.LengthDelimited) reader.skip(type, field);
    else if (field === 1) id = reader.string();
    else if (field === 2) cluster = reader.string();
    else if (field === 10) clientFeatures.push(reader.string());
    else reader.skip(type, field);
  }
  request.node = { id, cluster, clientFeatures, bytes };
};
const typeUrl: Field = (reader, request) => {
  request.typeUrl = reader.string();
};
const version: Field = (reader, request) => {
  request.version = reader.string();
};
const nonce: Field = (reader, request) => {
  request.nonce = reader.string();
};
const error: Field = (reader, request) => {
  let message = '';
  inside(reader, (field) => {
    if (field !== 2) return false;
    message = reader.string();
    return true;
  });
  request.error = message;
};
const name: Field = (reader, request) => {
  request.names.push(reader.string());
};
const unsubscribed: Field = (reader, request) => {
  request.unsubscribe.push(reader.string());
};
const locator: Field = (reader, request) => {
  request.names.push(locatorName(reader));
};
const unsubscribedLocator: Field = (reader, request) => {
  request.unsubscribe.push(locatorName(reader));
};
const initialVersion: Field = (reader, request) => {
  let key = '';
  let value = '';
  const end = endOf(reader);
  while (reader.pos < end) {
    const [field, type] = reader.tag();
    if (type === WireType.LengthDelimited && field === 1) key = reader.string();
    else if (type === WireType.LengthDelimited && field === 2) value = reader.string();
    else reader.skip(type, field);
  }
  request.initialVersions.set(key, value);
};

const sotwFields: Readonly<Record<number, Field>> = {
  1: version,
  2: node,
  3: name,
  4: typeUrl,
  5: nonce,
  6: error,
  7: locator,
};
const deltaFields: Readonly<Record<number, Field>> = {
  1: node,
  2: typeUrl,
  3: name,
  4: unsubscribed,
  5: initialVersion,
  6: nonce,
  7: error,
  8: locator,
  9: unsubscribedLocator,
};

function locatorName(reader: BinaryReader): string {
  let value = '';
  inside(reader, (field) => {
    if (field !== 1) return false;
    value = reader.string();
    return true;
  });
  return value;
}

/** Walks an embedded message; `read` says whether it consumed the (length-delimited) field. */
function inside(reader: BinaryReader, read: (field: number) => boolean): void {
  const end = endOf(reader);
  while (reader.pos < end) {
    const [field, type] = reader.tag();
    if (type !== WireType.LengthDelimited || !read(field)) reader.skip(type, field);
  }
}

/** Where the embedded message that begins here ends. */
function endOf(reader: BinaryReader): number {
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new RangeError('embedded message runs past the end');
  return end;
}
