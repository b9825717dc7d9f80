import { controlGroupsNamed, detectControlGroups, dissolve, makeControlGroup } from './control-group.ts';
import { RUN_ID_VARIABLE } from './layout.ts';
import { processesWith, startTimeOf } from './process-table.ts';
import type { RunDirectory, RunState } from './run-directory.ts';

export const groupPrefix = (runId: string): string => `umbra-${runId}`;

/** Whether the supervisor that wrote this state still runs. */
export function isRunning(state: RunState): boolean {
  return startTimeOf(state.pid) === state.startTime;
}

/**
 * Removes what a killed supervisor left: processes by run id (in their environment or their control group), control groups,
 * sockets. Namespaces end with their last process. Resolves with what was found, in words, once nothing of it is left.
 */
export async function sweep(run: RunDirectory, state: RunState): Promise<string[]> {
  const found: string[] = [];
  const groups = controlGroupsNamed(groupPrefix(state.runId));
  const version = detectControlGroups();
  const open = 'version' in version ? groups.map((name) => makeControlGroup(version.version, name)) : [];
  const leftovers = () => [
    ...new Set([...processesWith(RUN_ID_VARIABLE, state.runId), ...open.flatMap((g) => g.processes())]),
  ];
  let killed = 0;
  for (let round = 0; round < 50; round++) {
    const pids = leftovers();
    if (pids.length === 0) break;
    killed = Math.max(killed, pids.length);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (killed > 0) found.push(`${killed} processes`);
  for (const group of open) await dissolve(group);
  if (open.length > 0) found.push(`${open.length} control groups`);
  run.clear();
  return found;
}
