import { readFile } from 'node:fs/promises';
import type { Clock } from '../mesh/clock.ts';
import { UmbraError } from '../mesh/errors.ts';
import type { TlsMaterial } from './credentials.ts';
import { Credentials } from './credentials.ts';

/** Paths of PEM files. */
export interface CredentialFiles {
  readonly certificate: string;
  readonly key: string;
  readonly authorities: string;
  readonly revoked?: string | undefined;
}

export interface WatchedCredentials {
  readonly credentials: Credentials;
  /** Looks now, and returns whether the files held something new that was taken over. Never rejects. */
  reload(): Promise<boolean>;
  /** Stops watching. */
  close(): void;
}

const REFRESH_MS = 5000;

/**
 * Credentials from files, read again every `refreshMs`: contents are compared, not time stamps or events, since
 * certificates arrive by rename, by symbolic link and over network file systems. Files that do not fit each other, as while they
 * are being written, are reported once and looked at again. Errors at the first reading: UMB0308.
 */
export async function watchCredentials(
  files: CredentialFiles,
  options: {
    readonly clock: Clock;
    readonly logger: { info(fields: object, message: string): void; error(fields: object, message: string): void };
    readonly refreshMs?: number;
  },
): Promise<WatchedCredentials> {
  const { clock, logger } = options;
  const credentials = new Credentials(await read(files), clock);
  const end = new AbortController();
  let reported: string | undefined;

  async function reload(): Promise<boolean> {
    try {
      const changed = credentials.replace(await read(files));
      reported = undefined;
      if (changed)
        logger.info({ expiresAt: new Date(credentials.expiresAt).toISOString() }, 'certificates replaced; no restart');
      return changed;
    } catch (error) {
      const { message } = error as Error;
      if (message !== reported) logger.error({ err: error, code: 'UMB0308' }, message);
      reported = message;
      return false;
    }
  }

  async function watch(): Promise<void> {
    while (!end.signal.aborted) {
      await clock.sleep(options.refreshMs ?? REFRESH_MS, end.signal);
      await reload();
    }
  }

  watch().catch(() => {}); // ended
  return { credentials, reload, close: () => end.abort() };
}

async function read(files: CredentialFiles): Promise<TlsMaterial> {
  const file = (path: string) =>
    readFile(path).catch((error: Error) => {
      throw new UmbraError('UMB0308', error.message, { cause: error });
    });
  const [certificate, key, authorities, revoked] = await Promise.all([
    file(files.certificate),
    file(files.key),
    file(files.authorities),
    files.revoked === undefined ? undefined : file(files.revoked),
  ]);
  return { certificate, key, authorities, revoked };
}
