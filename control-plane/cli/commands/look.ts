import type { Check } from '../../api/check.ts';
import type { Explanation } from '../../api/explain.ts';
import type { History } from '../../api/history.ts';
import type { FidelityStatus, LearningStatus, MirrorStatus, PlaneStatus } from '../../api/plane.ts';
import { wallClock } from '../../mesh/clock.ts';
import { UmbraError } from '../../mesh/errors.ts';
import type { Lease } from '../../mesh/lease.ts';
import type { Incident, Override, Pattern } from '../../mesh/record.ts';
import type { Snapshot } from '../../mesh/snapshot.ts';
import type { Client } from '../client.ts';
import type { Terminal } from '../terminal.ts';
import { explainText, incidentsText, patternsText } from '../text/incidents.ts';
import { checkText, statusText, type WorldInput } from '../text/status.ts';

/** Commands that look: each prints its text, or what the API gave with --json. They return the exit code. */
export interface Look {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly json: boolean;
}

const show = ({ terminal, json }: Look, value: unknown, text: () => string): void =>
  terminal.out(json ? JSON.stringify(value, null, 2) : text());

async function askStatus(client: Client) {
  const world = async (name: string): Promise<WorldInput> => {
    const [latest, { points }, leases] = await Promise.all([
      client.get<Snapshot>(`/worlds/${name}/snapshot`).catch((e: unknown) => {
        if (e instanceof UmbraError && e.code === 'UMB0804') return undefined;
        throw e;
      }),
      client.get<History>(`/worlds/${name}/history?seconds=10`),
      client.get<Lease[]>(`/worlds/${name}/leases`),
    ]);
    return { ...(latest ? { latest } : {}), points, leases };
  };
  const [status, production, shadow, fidelity, learning, mirror, overrides] = await Promise.all([
    client.get<PlaneStatus>('/status'),
    world('production'),
    world('shadow'),
    client.get<FidelityStatus>('/fidelity'),
    client.get<LearningStatus>('/learning'),
    client.get<MirrorStatus>('/mirror'),
    client.get<Override[]>('/overrides'),
  ]);
  return { status, worlds: { production, shadow }, fidelity, learning, mirror, overrides };
}

export async function status(look: Look): Promise<number> {
  const { client, terminal } = look;
  const found = await askStatus(client);
  show(look, found, () => statusText({ now: terminal.now(), ...found }, terminal.paint));
  return 0;
}

const WATCH_MS = 1000;
/** Home and everything below it cleared: the picture is drawn over itself without flicker. */
const REDRAW = '\x1b[H\x1b[J';

/** The status again each second (with --json a line each), until `stop`; while the control plane is away it says so and waits. */
export async function watch(look: Look, stop: AbortSignal): Promise<number> {
  const { client, terminal } = look;
  while (!stop.aborted) {
    let text: string;
    try {
      const found = await askStatus(client);
      text = look.json ? JSON.stringify(found) : REDRAW + statusText({ now: terminal.now(), ...found }, terminal.paint);
    } catch (error) {
      if (!(error instanceof UmbraError) || error.code !== 'UMB0802') throw error;
      text = look.json ? JSON.stringify({ code: error.code, message: error.message }) : REDRAW + error.toText();
    }
    terminal.out(text);
    await wallClock.sleep(WATCH_MS, stop).catch(() => {});
  }
  return 0;
}

/** 1 where a check failed. */
export async function check(look: Look): Promise<number> {
  const checks = await look.client.get<Check[]>('/check');
  show(look, checks, () => checkText(checks, look.terminal.paint));
  return checks.some((c) => c.state === 'fail') ? 1 : 0;
}

export async function patterns(look: Look): Promise<number> {
  const found = await look.client.get<Pattern[]>('/patterns');
  show(look, found, () => patternsText(found, look.terminal.now(), look.terminal.paint));
  return 0;
}

export async function incidents(look: Look, limit: number): Promise<number> {
  const found = await look.client.get<Incident[]>(`/incidents?limit=${limit}`);
  show(look, found, () => incidentsText(found, look.terminal.now(), look.terminal.paint));
  return 0;
}

export async function explain(look: Look, id: string): Promise<number> {
  const found = await look.client.get<Explanation>(`/incidents/${encodeURIComponent(id)}/explain`);
  show(look, found, () => explainText(found, look.terminal.paint));
  return 0;
}
