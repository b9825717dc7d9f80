import { join } from 'node:path';
import { umbraHome } from '../control-plane/worlds/local/supervisor/run-directory.ts';

export { type Ready, readReady } from '../control-plane/worlds/local/supervisor/run-directory.ts';

/** The application's name in app.yaml. */
export const APPLICATION = 'shop';

/** Where `umbra up` keeps what belongs to an application. */
export function homeOf(application = APPLICATION, env: NodeJS.ProcessEnv = process.env): string {
  return join(umbraHome(env), application);
}

/** Production's data of one service, one folder per replica. */
export function productionData(home: string, service: string): string {
  return join(home, 'production', 'data', service);
}

/** The socket over which the load's rate is multiplied. */
export function loadSocket(home: string): string {
  return join(home, 'load.sock');
}
