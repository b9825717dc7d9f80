import { createRegistry } from '@bufbuild/protobuf';
import { files } from './protos/gen/all.js';

/** Every generated message by its type name: resolves the Any fields of resources. */
export const registry = createRegistry(...files);
