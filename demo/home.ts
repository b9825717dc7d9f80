import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The application's name in app.yaml. */
export const APPLICATION = 'shop';

/** Where `umbra up` keeps what belongs to an application. */
export function homeOf(application = APPLICATION, env: NodeJS.ProcessEnv = process.env): string {
  return join(env.UMBRA_HOME || join(homedir(), '.umbra'), application);
}

/** Production's data of one service, one folder per replica. */
export function productionData(home: string, service: string): string {
  return join(home, 'production', 'data', service);
}

/** The socket over which the load's rate is multiplied. */
export function loadSocket(home: string): string {
  return join(home, 'load.sock');
}

/** What `umbra up` writes when everything is ready. */
export interface Ready {
  readonly dashboard: string;
  readonly api: string;
  readonly tokenFile: string;
  readonly entry: { readonly host: string; readonly port: number };
}

/** The contents of `ready.json`, or undefined while there is none. */
export function readReady(home: string): Ready | undefined {
  try {
    return JSON.parse(readFileSync(join(home, 'ready.json'), 'utf8')) as Ready;
  } catch {
    return undefined;
  }
}
