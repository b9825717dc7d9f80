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

/** What programs go by to run at all: where they find things, and in which language they speak. */
const plain = /^(PATH|HOME|TMPDIR|TZ|LD_LIBRARY_PATH|LANG|LANGUAGE|LC_[A-Z]+)$/;

/**
 * The environment of Umbra's own programs in the shadow, out of that of the run. A shadow's service has their user and so reads
 * their environment (proc_pid_environ(5)): nothing is in it but what is known to be no secret.
 */
export function walledEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => plain.test(name) || name === RUN_ID_VARIABLE));
}
