import { readFileSync } from 'node:fs';
import { createFileRegistry, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

let loaded: FileRegistry | undefined;

/**
 * Every message of Envoy's v3 API by its type name, with its validation rules: resolves the Any fields of resources, also
 * of those that Umbra itself never builds. Read on first use.
 */
export function registry(): FileRegistry {
  loaded ??= createFileRegistry(
    fromBinary(FileDescriptorSetSchema, readFileSync(new URL('./gen/api.binpb', import.meta.url))),
  );
  return loaded;
}

/** The message's name in a type URL: what comes after the last slash. */
export function messageName(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}
