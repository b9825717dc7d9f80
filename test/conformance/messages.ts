import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Any, FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';

/** What the next scenario finds: everything a node has, and what the server calls that state. */
export interface State {
  readonly node: string;
  readonly version: string;
  /** Messages of which only the name matters. */
  readonly resources: readonly Any[];
}

/** A change of one resource, after which the server calls the state of its type `version`. */
export interface Change {
  readonly node: string;
  readonly typeUrl: string;
  readonly resourceName: string;
  readonly version: string;
}

/** How one call of the adapter is written. */
export interface Call<Request, Response> {
  readonly path: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

export interface Codec<T> {
  encode(value: T): Buffer;
  decode(bytes: Uint8Array): T;
}

type Field = readonly [number: number, name: string, type?: 'bool' | 'any'];

const messages: Readonly<Record<string, readonly Field[]>> = {
  State: [
    [1, 'node'],
    [2, 'version'],
    [3, 'resources', 'any'],
  ],
  Node: [[1, 'node']],
  Change: [
    [1, 'node'],
    [2, 'type_url'],
    [3, 'resource_name'],
    [4, 'version'],
  ],
  Done: [[1, 'success', 'bool']],
  Cleared: [[1, 'response']],
};

const registry = createFileRegistry(descriptor(), () => file_google_protobuf_any);

/** The wire has numbers only, so messages have names of our own; fields as `adapter.proto` of xds-test-harness numbers them. */
function descriptor(): FileDescriptorProto {
  return create(FileDescriptorProtoSchema, {
    name: 'adapter.proto',
    package: 'adapter',
    syntax: 'proto3',
    dependency: ['google/protobuf/any.proto'],
    messageType: Object.entries(messages).map(([name, fields]) => ({
      name,
      field: fields.map(([number, field, type]) => ({
        name: field,
        number,
        label: type === 'any' ? Label.REPEATED : Label.OPTIONAL,
        type: type === 'any' ? Type.MESSAGE : type === 'bool' ? Type.BOOL : Type.STRING,
        ...(type === 'any' ? { typeName: '.google.protobuf.Any' } : {}),
      })),
    })),
  });
}

function codec<T extends object>(name: string): Codec<T> {
  const schema: DescMessage = registry.getMessage(`adapter.${name}`)!;
  return {
    encode: (value) => Buffer.from(toBinary(schema, create(schema, value as MessageInitShape<DescMessage>))),
    decode: (bytes) => fromBinary(schema, bytes) as unknown as T,
  };
}

function call<Request extends object, Response extends object>(
  method: string,
  request: string,
  response: string,
): Call<Request, Response> {
  return { path: `/adapter.Adapter/${method}`, request: codec(request), response: codec(response) };
}

type Done = { readonly success: boolean };

/** The service `adapter.Adapter`: how the conformance harness tells a management server what to serve. */
export const adapterCalls = {
  SetState: call<State, Done>('SetState', 'State', 'Done'),
  ClearState: call<{ readonly node: string }, { readonly response: string }>('ClearState', 'Node', 'Cleared'),
  UpdateResource: call<Change, Done>('UpdateResource', 'Change', 'Done'),
  AddResource: call<Change, Done>('AddResource', 'Change', 'Done'),
  RemoveResource: call<Change, Done>('RemoveResource', 'Change', 'Done'),
} as const;

export type AdapterCalls = typeof adapterCalls;
