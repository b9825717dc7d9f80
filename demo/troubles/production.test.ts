import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listenForControl } from '../control-socket.ts';
import { loadSocket, productionData } from '../home.ts';
import { parseFactor } from '../load/run.ts';
import { Ailment } from '../services/ailment.ts';
import { services } from '../services/index.ts';
import { type RunningServer, serve } from '../services/server.ts';
import { production } from './production.ts';
import { isOn, runTrouble, stopTrouble } from './run.ts';

function homeFor(t: TestContext): string {
  const home = mkdtempSync(join(tmpdir(), 'home-'));
  t.after(() => rmSync(home, { recursive: true }));
  return home;
}

/** One replica of the catalog in this process, where production has it. */
async function replica(home: string, n: number, world = 'production') {
  const ailment = new Ailment();
  const data = join(productionData(home, 'catalog').replace('production', world), String(n));
  const server: RunningServer = await serve(services.catalog!, {
    name: 'catalog',
    port: 0,
    data,
    replica: String(n),
    peers: {},
    ailment,
  });
  return { ailment, server };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('hits all replicas or the one named, those that come later and come again too, and nothing in the shadow', async (t) => {
  const home = homeFor(t);
  const first = await replica(home, 0);
  const shadow = await replica(home, 0, 'shadow');
  t.after(() => Promise.all([shadow.server.close()]));
  const victim = production(home);
  const undoAll = await victim.afflict('catalog', 'all', { delayMs: 1 });
  const undoOne = await victim.afflict('catalog', [0], { errorShare: 1 });
  assert.deepEqual(first.ailment.current, { delayMs: 1, errorShare: 1 });
  const second = await replica(home, 1);
  await until(() => second.ailment.current.delayMs === 1);
  await first.server.close();
  const again = await replica(home, 0);
  await until(() => again.ailment.current.delayMs === 1 && again.ailment.current.errorShare === 1);
  assert.deepEqual(second.ailment.current, { delayMs: 1 });
  assert.deepEqual(shadow.ailment.current, {});
  await undoAll();
  await undoOne();
  await until(() => Object.keys({ ...second.ailment.current, ...again.ailment.current }).length === 0);
  await again.server.close();
  await second.server.close();
});

test('where nothing runs it says so', async (t) => {
  const home = homeFor(t);
  await assert.rejects(production(home).afflict('catalog', 'all', {}), /no replica of catalog is running/);
  await assert.rejects(production(home).multiplyLoad(2), /no load is running/);
});

test('multiplies the load until it is undone', async (t) => {
  const home = homeFor(t);
  let factor: number | string = 1;
  const back = Promise.withResolvers<void>();
  const control = await listenForControl(loadSocket(home), (text) => {
    factor = parseFactor(text);
    return { undo: back.resolve, answer: {} };
  });
  t.after(() => control.close());
  const undo = await production(home).multiplyLoad(5);
  assert.equal(factor, 5);
  await undo();
  await back.promise;
  for (const text of ['', '{"factor":0}', '{"factor":"2"}', '{"factor":1e9}'])
    assert.equal(typeof parseFactor(text), 'string');
});

test('a trouble runs until somebody stops it, its time is over, or its process is told to end', async (t) => {
  const home = homeFor(t);
  const { ailment, server } = await replica(home, 0);
  t.after(() => server.close());
  const run = async (options: { forMs?: number; signal?: AbortSignal }, then?: () => unknown) => {
    const on = Promise.withResolvers<void>();
    const signal = options.signal ?? new AbortController().signal;
    const over = runTrouble(home, 'error-burst', { ...options, signal, onStart: on.resolve });
    await on.promise;
    assert.ok(ailment.current.errorShare! > 0);
    assert.equal(await isOn(home, 'error-burst'), true);
    await then?.();
    await over;
    await until(() => ailment.current.errorShare === undefined);
    assert.equal(await isOn(home, 'error-burst'), false);
  };
  await run({}, () => stopTrouble(home, 'error-burst'));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  await run({ forMs: 30 }, () => t.mock.timers.tick(30));
  t.mock.timers.reset();
  const end = new AbortController();
  await run({ signal: end.signal }, async () => {
    const again = runTrouble(home, 'error-burst', { signal: end.signal, onStart: () => assert.fail() });
    await assert.rejects(again, /error-burst is on already/);
    end.abort();
  });
  await assert.rejects(stopTrouble(home, 'error-burst'), /error-burst is not on/);
});
