import { Agent, request } from 'node:http';
import type { FaultOperation } from '../../protocol.ts';
import type { FaultAction } from './action.ts';

/** Users of the shadow. There is no way to name production's entry: its socket is not one of a path. */
export interface Users {
  /** Unix socket of the shadow's ingress. */
  readonly socket: string;
  /** Paths of safe requests. */
  readonly paths: readonly string[];
}

const TICK_MS = 50;
/** Requests waiting for their answers at once; beyond it users are turned away and counted, so that memory stays bounded. */
const MOST_WAITING = 512;
const PATIENCE_MS = 5000;

/** Sends GET requests to the shadow's entry at a constant rate, whatever becomes of them (open loop). */
export function addedLoad(users: Users, operation: Extract<FaultOperation, { kind: 'load' }>): FaultAction {
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_WAITING });
  let timer: NodeJS.Timeout | undefined;
  let sent = 0;
  let answered = 0;
  let waiting = 0;
  let turnedAway = 0;

  /** One request; whether its whole answer came. */
  function send(): Promise<boolean> {
    const path = users.paths[sent++ % users.paths.length]!;
    waiting++;
    return new Promise<boolean>((done) => {
      const r = request({ agent, socketPath: users.socket, path, headers: { host: 'shadow' }, timeout: PATIENCE_MS });
      r.on('response', (answer) => {
        answer.resume();
        answer.on('close', () => done(answer.complete));
      });
      r.on('timeout', () => r.destroy());
      r.on('error', () => done(false));
      r.end();
    }).then((ok) => {
      waiting--;
      if (ok) answered++;
      return ok;
    });
  }

  return {
    async apply() {
      if (!(operation.rate > 0)) throw new Error('no users enter the shadow now: there is nothing to multiply');
      if (!(await send())) throw new Error(`the shadow’s entry does not answer at ${users.socket}`);
      let last = performance.now();
      let owed = 0;
      timer = setInterval(() => {
        const now = performance.now();
        owed += (operation.rate * Math.min(1000, now - last)) / 1000;
        last = now;
        for (; owed >= 1; owed--) {
          if (waiting < MOST_WAITING) void send();
          else turnedAway++;
        }
      }, TICK_MS);
    },
    async undo() {
      clearInterval(timer);
      timer = undefined;
      agent.destroy();
    },
    async state() {
      return {
        inPlace: timer !== undefined && answered > 0,
        detail: `${operation.rate.toFixed(0)} requests/s; ${sent} sent, ${answered} answered, ${turnedAway} turned away`,
      };
    },
  };
}
