import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { assets } from '../../control-plane/assets.ts';
import { findEnvoy } from '../../control-plane/envoy/binary.ts';
import { controlGroupsNamed } from '../../control-plane/worlds/local/supervisor/control-group.ts';

/** Why nothing of this can be tried here, said aloud; undefined = it can. */
export async function whyNot(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `the local world needs Linux, this is ${process.platform}`;
  for (const file of [assets.mirrorWasm, assets.chaosWasm]) if (!existsSync(file)) return `${file} is not built`;
  try {
    await findEnvoy();
  } catch (e) {
    return (e as Error).message;
  }
  return undefined;
}

/** Why there can be no walled shadow here. */
export function whyNoShadow(): string | undefined {
  const tried = spawnSync('unshare', ['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', 'true'], {
    encoding: 'utf8',
  });
  return tried.status === 0 ? undefined : `the kernel refuses namespaces: ${tried.stderr || tried.error}`;
}

/** Processes of a run, by its id in their environment, and by what else is asked for; zombies are gone already. */
export function processesOf(
  runId: string,
  wanted: (commandLine: string, environment: string) => boolean = () => true,
): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
      if (!environment.includes(`UMBRA_RUN_ID=${runId}`)) return [];
      return wanted(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), environment) ? [pid] : [];
    } catch {
      return [];
    }
  });
}

export const groupsOf = (runId: string): string[] => controlGroupsNamed(`umbra-${runId}`);
