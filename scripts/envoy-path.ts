/** Prints the path of the Envoy that everything here uses, installing it first where there is none. */
import { findEnvoy } from '../control-plane/envoy/binary.ts';
import { UmbraError } from '../control-plane/mesh/errors.ts';

try {
  console.log(await findEnvoy({ onProgress: (line) => console.error(line) }));
} catch (error) {
  console.error(error instanceof UmbraError ? error.toText() : error);
  process.exitCode = 1;
}
