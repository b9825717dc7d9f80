import { setTimeout } from 'node:timers/promises';
import { mean, median } from '../lib/stats.ts';
import type { Case } from './cases.ts';
import type { Certificates, Sample } from './rig.ts';
import { Rig } from './rig.ts';
import type { Contender } from './servers.ts';

/** One measured value of one contender in one round. */
export interface Figure {
  readonly measure: string;
  readonly unit: string;
  readonly value: number;
}

/** How often things are done in a session; the first of each kind of step is told apart. */
export interface Repeats {
  /** Changes after the very first, before any is kept. */
  readonly warmUp: number;
  readonly updates: number;
  readonly reconnects: number;
  /** Of the case that looks whether memory grows. */
  readonly endurance: number;
  /** For how long bad clients do their worst before it is looked what they hold, ms. */
  readonly siegeMs: number;
}

export interface SessionOptions {
  readonly peers: string;
  readonly repeats: Repeats;
  readonly certificates?: Certificates | undefined;
}

/** One contender through one case: started, measured alone, stopped. Rejects when it loses a stream or serves wrong. */
export async function runSession(contender: Contender, c: Case, o: SessionOptions): Promise<Figure[]> {
  const rigs: Rig[] = [];
  const start = async () => {
    const rig = new Rig(contender, c, o.peers, o.certificates);
    rigs.push(rig);
    await rig.start();
    return rig;
  };
  try {
    return await programmes[c.programme](start, c, o.repeats);
  } finally {
    await Promise.all(rigs.map((rig) => rig.stop()));
  }
}

type Start = () => Promise<Rig>;

const programmes: Readonly<Record<Case['programme'], (start: Start, c: Case, repeats: Repeats) => Promise<Figure[]>>> =
  {
    steps: takeSteps,
    hostile: amongHostile,
    endurance: endure,
  };

const KiB = 1024;
const MiB = 1024 * 1024;

async function takeSteps(start: Start, c: Case, repeats: Repeats): Promise<Figure[]> {
  const rig = await start();
  // What a server does once, when the first comes, is not what a stream costs.
  await rig.connect(1);
  const before = await rig.memory();
  await rig.take('reconnect');
  const perStream = ((await rig.memory()) - before) / Math.max(1, c.streams - 1);
  const figures: Figure[] = [{ measure: 'memory per stream', unit: 'KiB', value: perStream / KiB }];
  for (const [index, step] of c.steps.entries()) {
    const isUpdate = step === 'change' || step === 'add';
    const samples: Sample[] = [];
    const first = await rig.take(step);
    // The collection before memory is read takes compiled code along, which no server in use is without.
    if (index === 0 && isUpdate) for (let i = 0; i < repeats.warmUp; i++) await rig.change();
    while (samples.length < (isUpdate ? repeats.updates : repeats.reconnects)) samples.push(await rig.take(step));
    await rig.verify();
    figures.push(...figuresOf(step, samples), {
      measure: `${step}: last ACK, the first time`,
      unit: 'ms',
      value: first.lastMs,
    });
  }
  return figures;
}

function figuresOf(step: string, samples: readonly Sample[]): Figure[] {
  const figure = (name: string, unit: string, of: (s: Sample) => number) => ({
    measure: `${step}: ${name}`,
    unit,
    value: median(samples.map(of)),
  });
  return [
    figure('last ACK', 'ms', (s) => s.lastMs),
    figure('ACK p50', 'ms', (s) => s.p50Ms),
    figure('ACK p99', 'ms', (s) => s.p99Ms),
    figure('server CPU', 'ms', (s) => s.cpuMs),
    figure('sent', 'MiB', (s) => s.downBytes / MiB),
    figure('received', 'MiB', (s) => s.upBytes / MiB),
  ];
}

/** Changes of a block, after one that is not kept. */
const BLOCK = 40;
/** Between them, ms: where the others are busy without a break, the bad clients' process gets no processor. */
const BREAK_MS = 20;

/**
 * Bad clients, one for a hundred of the others, that come and go, once for three updates. By turns there are none, they are at
 * another server of the same kind, and at the others' own: what they cost from the other server is the machine's, not the server's.
 */
async function amongHostile(start: Start, c: Case, repeats: Repeats): Promise<Figure[]> {
  const count = Math.ceil(c.streams / 100);
  const rig = await start();
  await rig.connect();
  const another = await start();
  await another.connect(1);
  const block = async (times: number[]) => {
    await rig.change();
    for (let i = 0; i < BLOCK; i++) {
      await setTimeout(BREAK_MS);
      times.push(await rig.change());
    }
  };
  const alone: number[] = [];
  const elsewhere: number[] = [];
  const beside: number[] = [];
  let turns = 0;
  let besiegedMs = 0;
  const blocks = [
    () => block(alone),
    async () => {
      await another.besiege(count);
      await block(elsewhere);
      await another.relieve();
    },
    async () => {
      const startedAt = performance.now();
      await rig.besiege(count);
      await block(beside);
      besiegedMs += performance.now() - startedAt;
      turns += await rig.relieve();
    },
  ];
  for (let i = 0; i < repeats.warmUp; i++) await rig.change();
  for (let visit = 0; visit < Math.ceil(repeats.updates / 3); visit++)
    for (const next of visit % 2 === 0 ? blocks : blocks.toReversed()) await next();
  // Memory at the end: the collection before it is read takes compiled code along, and what comes next would be slow.
  const before = await rig.memory();
  await rig.besiege(count);
  await block([]);
  await setTimeout(repeats.siegeMs);
  const during = await rig.memory();
  await rig.relieve();
  await rig.verify();
  return [
    { measure: 'last ACK', unit: 'ms', value: median(alone) },
    { measure: 'last ACK, they are at another server', unit: 'ms', value: median(elsewhere) },
    { measure: 'last ACK beside them', unit: 'ms', value: median(beside) },
    { measure: 'what they cost the others', unit: '×', value: median(beside) / median(alone) },
    // What happens now and then does not move a median.
    { measure: 'what they cost the others, mean', unit: '×', value: mean(beside) / mean(alone) },
    { measure: 'from another server', unit: '×', value: median(elsewhere) / median(alone) },
    { measure: 'from another server, mean', unit: '×', value: mean(elsewhere) / mean(alone) },
    { measure: 'memory for each of them', unit: 'MiB', value: (during - before) / count / MiB },
    { measure: 'what each of them did', unit: '/s', value: turns / count / (besiegedMs / 1000) },
  ];
}

/** Memory after a tenth of the updates, when all is warm, and after the rest. */
async function endure(start: Start, _: Case, repeats: Repeats): Promise<Figure[]> {
  const rig = await start();
  await rig.connect();
  const tenth = Math.ceil(repeats.endurance / 10);
  for (let i = 0; i < tenth; i++) await rig.change();
  const early = await rig.memory();
  for (let i = tenth; i < repeats.endurance; i++) await rig.change();
  const late = await rig.memory();
  await rig.verify();
  return [
    { measure: `memory after ${tenth} updates`, unit: 'MiB', value: early / MiB },
    { measure: `memory after ${repeats.endurance} updates`, unit: 'MiB', value: late / MiB },
    { measure: 'memory’s growth over the updates', unit: '×', value: late / early },
  ];
}
