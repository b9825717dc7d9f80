import type { Check } from '../../api/check.ts';
import type { Explanation } from '../../api/explain.ts';
import type { FidelityStatus, LearningStatus, MirrorStatus, PlaneStatus } from '../../api/plane.ts';
import { UmbraError } from '../../mesh/errors.ts';
import type { Lease } from '../../mesh/lease.ts';
import type { Incident, Override, Pattern } from '../../mesh/record.ts';
import type { Snapshot } from '../../mesh/snapshot.ts';
import type { Client } from '../client.ts';
import type { Terminal } from '../terminal.ts';
import { explainText, incidentsText, patternsText } from '../text/incidents.ts';
import { checkText, statusText } from '../text/status.ts';

/** Commands that look: each prints its text, or what the API gave with --json. They return the exit code. */
export interface Look {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly json: boolean;
}

const show = ({ terminal, json }: Look, value: unknown, text: () => string): void =>
  terminal.out(json ? JSON.stringify(value, null, 2) : text());

export async function status(look: Look): Promise<number> {
  const { client, terminal } = look;
  const world = async (name: string) => ({
    latest: await client.get<Snapshot>(`/worlds/${name}/snapshot`).catch((e: unknown) => {
      if (e instanceof UmbraError && e.code === 'UMB0804') return undefined;
      throw e;
    }),
    leases: await client.get<Lease[]>(`/worlds/${name}/leases`),
  });
  const [plane, production, shadow, fidelity, learning, mirror, overrides] = await Promise.all([
    client.get<PlaneStatus>('/status'),
    world('production'),
    world('shadow'),
    client.get<FidelityStatus>('/fidelity'),
    client.get<LearningStatus>('/learning'),
    client.get<MirrorStatus>('/mirror'),
    client.get<Override[]>('/overrides'),
  ]);
  const defined = <T extends { latest: Snapshot | undefined; leases: Lease[] }>({ latest, leases }: T) =>
    latest ? { latest, leases } : { leases };
  const worlds = { production: defined(production), shadow: defined(shadow) };
  show(look, { status: plane, worlds, fidelity, learning, mirror, overrides }, () =>
    statusText({ now: terminal.now(), status: plane, worlds, fidelity, learning, mirror, overrides }, terminal.paint),
  );
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
