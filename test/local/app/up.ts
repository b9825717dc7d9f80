/** `umbra up` with the tests' control plane: progress and errors as JSON lines. */
import { UmbraError } from '../../../control-plane/mesh/errors.ts';
import { runSupervisor } from '../../../control-plane/worlds/local/supervisor/run.ts';

const options = JSON.parse(process.argv[2]!) as { file: string; home: string; controlPlane: string[] };
const say = (message: object) => console.log(JSON.stringify(message));
try {
  process.exitCode = await runSupervisor({
    ...options,
    onProgress: (line) => say({ progress: line }),
    onReady: (ready) => say({ ready }),
  });
} catch (e) {
  say({
    error: e instanceof UmbraError ? { code: e.code, message: e.message } : { message: String((e as Error).stack) },
  });
  process.exitCode = 1;
}
