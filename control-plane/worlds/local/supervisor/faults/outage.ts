import type { Clock } from '../../../../mesh/clock.ts';
import type { FaultOperation } from '../../protocol.ts';
import { stateOf } from '../process-table.ts';
import type { Replicas } from '../world-runtime.ts';
import type { FaultAction } from './action.ts';
import { targetsOf } from './targets.ts';

/** How long clearing waits for what was killed to answer again. */
const BACK_WITHIN_MS = 5000;

/** Replicas that hang (SIGSTOP: connections are accepted by the kernel and never answered) or are down (killed, and not restarted). */
export function outage(
  runtime: Replicas,
  operation: Extract<FaultOperation, { kind: 'outage' }>,
  clock: Clock,
): FaultAction {
  const targets = targetsOf(runtime, operation);
  const names = targets.map((r) => `${r.plan.service}.${r.plan.replica}`).join(', ');
  if (operation.mode === 'kill') {
    return {
      async apply() {
        for (const { app } of targets) {
          const ending = app.current?.exited;
          app.hold();
          await ending;
        }
      },
      async undo() {
        for (const { app } of targets) app.release();
        await Promise.all(targets.map((r) => r.answers(BACK_WITHIN_MS)));
      },
      async state() {
        const down = targets.filter(({ app }) => app.held && app.current === undefined);
        return { inPlace: down.length === targets.length, detail: `${down.length} of ${names} down` };
      },
    };
  }
  const stopped = () => targets.filter(({ app }) => app.current !== undefined && stateOf(app.current.pid) === 'T');
  return {
    async apply() {
      // A signal into another PID namespace goes by its init; a replica may just be starting again.
      for (let tries = 0; tries < 50 && stopped().length < targets.length; tries++) {
        for (const { app } of targets) app.current?.signal('SIGSTOP');
        await clock.sleep(20);
      }
    },
    async undo() {
      for (const { app } of targets) app.current?.signal('SIGCONT');
    },
    async state() {
      return { inPlace: stopped().length === targets.length, detail: `${stopped().length} of ${names} stopped` };
    },
  };
}
