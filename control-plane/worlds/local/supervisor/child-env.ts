import { join } from 'node:path';
import { RUN_ID_VARIABLE } from './layout.ts';

/** The environment of everything a run starts: the caller's, this Node first in the path, and the run's id. */
export function childEnv(own: Readonly<Record<string, string | undefined>>, runId: string): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) if (value !== undefined) env[name] = value;
  // `node` in a command means the Node that runs this.
  env.PATH = `${join(process.execPath, '..')}:${env.PATH ?? '/usr/bin:/bin'}`;
  env[RUN_ID_VARIABLE] = runId;
  return env;
}
