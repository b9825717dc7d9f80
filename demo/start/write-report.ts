import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../../control-plane/api/report.schema.ts';
import { createClient } from '../../control-plane/cli/client.ts';

/** A control plane that has just died is back within this. */
const WITHIN_MS = 20_000;
const PAUSE_MS = 500;

/**
 * The control plane's report, asked for again while there is none: it may just be starting again.
 * @throws UmbraError with what kept it at last
 */
export async function fetchReport(url: string, withinMs = WITHIN_MS): Promise<Report> {
  const client = createClient({ url });
  for (const until = performance.now() + withinMs; ; ) {
    try {
      return await client.get<Report>('/report');
    } catch (e) {
      if (performance.now() >= until) throw e;
    }
    await sleep(PAUSE_MS);
  }
}

/** @throws Error with a remedy */
export function writeReport(path: string, report: Report): void {
  try {
    writeFileSync(path, JSON.stringify(report, null, 2) + '\n');
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new Error(
      `the report could not be written: ${reason}\n  → Give --report a file in a folder that stays, on a disk with room.`,
      { cause },
    );
  }
}
