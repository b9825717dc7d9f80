import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PlaneStatus } from '../../../control-plane/api/plane.ts';
import { describeMitigation } from '../../../control-plane/mesh/mitigation.ts';
import type { Decision, Incident, Override } from '../../../control-plane/mesh/record.ts';
import { openStore } from '../../../control-plane/store/sqlite.ts';
import { LoadClient } from '../../../demo/load/client.ts';
import { Schedule } from '../../../demo/load/schedule.ts';
import { type UmbraUp, umbraUp } from '../umbra-up.ts';
import type { Model } from './models.ts';

const service = fileURLToPath(new URL('./ailing.ts', import.meta.url));
const RATE = 50;
const SLO_MS = 500;

export interface MeasureOptions {
  readonly model: Model;
  /** Which service fails every third request. */
  readonly trouble: 'api' | 'web';
  /** How long it does, and how long users are watched afterwards. */
  readonly troubleMs: number;
  readonly calmMs: number;
  /** Ends it early, with what was counted by then. */
  readonly signal: AbortSignal;
}

/** Users' requests, and those of them with a good answer. */
export interface Count {
  offered: number;
  good: number;
}

/** What users got, each over a trouble and the calm after it, and what was decided in the second. */
export interface Measured {
  readonly frozen: Count;
  readonly policy: Count;
  /** What was applied in order, with its verdict. */
  readonly applied: readonly string[];
  readonly notes: readonly string[];
}

const document = (trouble: string) => `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: ailing }
spec:
  entry: { service: web, slo: ${SLO_MS}ms, timeout: 2s }
  services:
    web:
      command: [node, ${service}]
      env: { NAME: web, PORT: '{{port}}', API: '{{url.api}}', TROUBLE: ${trouble} }
      calls: { api: { timeout: 1s } }
      health: { path: /healthz }
      mode: auto
    api:
      command: [node, ${service}]
      env: { NAME: api, PORT: '{{port}}', TROUBLE: ${trouble} }
      replicas: 2
      health: { path: /healthz }
      mode: auto
`;

/**
 * The same trouble twice in one running application of real Envoys: first with everything frozen by an order, then with the
 * model deciding. The healthy state is one that an earlier run left. Nothing of it runs on when this ends, however it does.
 * @throws where it is ended before the application is ready, or that fails
 */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-extreme-'));
  const at = (name: string) => join(folder, name);
  writeFileSync(at('model.onnx'), options.model.bytes);
  writeFileSync(at('model.json'), JSON.stringify(options.model.card));
  writeFileSync(at('app.yaml'), document(at('trouble')));
  const place = { file: at('app.yaml'), home: at('h'), run: at('h/ailing') };
  rememberHealthy(place.run);
  let stop = async () => {};
  const early = () => void stop();
  try {
    const model = { UMBRA_MODEL: at('model.onnx'), UMBRA_MODEL_CARD: at('model.json') };
    const running = await umbraUp(place, model, (how) => {
      stop = how;
      options.signal.addEventListener('abort', early);
      if (options.signal.aborted) early();
    });
    options.signal.removeEventListener('abort', early);
    return await compare(running, at('trouble'), options);
  } finally {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(umbra: UmbraUp, file: string, options: MeasureOptions): Promise<Measured> {
  const users = new Users(umbra.ready.entry, options.signal);
  try {
    await users.during(3000);
    const { id } = await umbra.post<Override>('/overrides', {
      order: { type: 'freeze' },
      reason: 'measured without',
      ttlMs: 3600_000,
    });
    const frozen = await through(users, file, options);
    await users.until(async () => (await umbra.get<Incident[]>('/incidents')).every((i) => i.state === 'recovered'));
    await umbra.delete(`/overrides/${id}`);
    const began = Date.now();
    const policy = await through(users, file, options);
    const decisions = (await umbra.get<Decision[]>('/decisions?limit=200')).filter((d) => d.at >= began).reverse();
    const incidents = (await umbra.get<Incident[]>('/incidents')).filter((i) => i.onset >= began - 1000);
    const { notes } = (await umbra.get<PlaneStatus>('/status')).policy;
    return {
      frozen,
      policy,
      applied: decisions.flatMap(({ action, outcome }) =>
        action.do === 'apply' ? [`${describeMitigation(action.mitigation)} ${outcome?.verdict ?? 'open'}`] : [],
      ),
      notes: [...notes, ...incidents.flatMap((i) => i.notes)],
    };
  } finally {
    users.stop();
  }
}

async function through(users: Users, file: string, options: MeasureOptions): Promise<Count> {
  writeFileSync(file, options.trouble);
  const ill = await users.during(options.troubleMs);
  rmSync(file);
  const calm = await users.during(options.calmMs);
  return { offered: ill.offered + calm.offered, good: ill.good + calm.good };
}

/** What a run before left in the store, so that a trouble is one from the first second on. */
function rememberHealthy(run: string): void {
  const edge = { rate: RATE, p50: 4, p99: 40, inFlight: 1, goodRatio: 1, errorRatio: 0, windows: 10 };
  const store = openStore(join(run, 'store.db'));
  store.putHealthy('production', { edges: { 'ingress>web': edge, 'web>api': edge }, services: {}, goodput: RATE });
  store.close();
}

/** An open loop of users at {@link RATE} requests a second. */
class Users {
  readonly #client: LoadClient;
  readonly #signal: AbortSignal;
  #count: Count = { offered: 0, good: 0 };
  #timer: NodeJS.Timeout;

  constructor(entry: { host: string; port: number }, signal: AbortSignal) {
    this.#signal = signal;
    this.#client = new LoadClient(`http://${entry.host}:${entry.port}`, 5000);
    const schedule = new Schedule(RATE, performance.now());
    this.#timer = setInterval(() => {
      for (const due of schedule.take(performance.now())) this.#send(due);
    }, 5);
  }

  #send(due: number): void {
    const count = this.#count;
    count.offered++;
    const shot = { method: 'GET', path: '/', headers: {}, expect: 200, protected: false };
    void this.#client.send(shot).then((failure) => {
      if (failure === undefined && performance.now() - due <= SLO_MS) count.good++;
    });
  }

  /** What users who came in the next `ms` got, or until the signal. */
  async during(ms: number): Promise<Count> {
    const count = { offered: 0, good: 0 };
    this.#count = count;
    await sleep(ms, undefined, { signal: this.#signal }).catch(() => {});
    this.#count = { offered: 0, good: 0 };
    // Answers to the last of them, as long as they may still be good.
    await sleep(SLO_MS);
    return count;
  }

  /** They go on coming until it holds, or until the signal. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    while (!this.#signal.aborted && !(await holds())) await sleep(200);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#client.close();
  }
}
