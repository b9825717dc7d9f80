import { createRegistry } from '@bufbuild/protobuf';
import { file_google_protobuf_struct, file_google_protobuf_wrappers } from '@bufbuild/protobuf/wkt';
import { files } from './protos/gen/all.js';

/** Every generated message by its type name: resolves the Any fields of resources. */
export const registry = createRegistry(...files, file_google_protobuf_wrappers, file_google_protobuf_struct);
