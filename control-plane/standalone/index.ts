/** The management server on its own: `umbra xds`, and `import … from 'umbra-mesh/xds'`. */

export type { Problem } from '../envoy/validation/index.ts';
export { describeProblem, validate } from '../envoy/validation/index.ts';
export { wallClock } from '../mesh/clock.ts';
export { UmbraError } from '../mesh/errors.ts';
export * from '../xds/index.ts';
export { decodeResource } from './decode.ts';
export type { FileProblem, Written, WrittenLayer } from './documents.ts';
export { readDocuments } from './documents.ts';
export type { FileSourceOptions, LoadedFiles } from './file-source.ts';
export { FileSource } from './file-source.ts';
