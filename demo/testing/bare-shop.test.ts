import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startLoad } from '../load/generator.ts';
import { tracesOf } from '../load/users.ts';
import { leaksIn, readShop } from '../start/leaks.ts';
import { production } from '../troubles/production.ts';
import { startTrouble } from '../troubles/run.ts';
import { type BareShop, startBareShop } from './bare-shop.ts';

// The shop as real processes, and troubles that nobody heals.

const home = mkdtempSync(join(tmpdir(), 'bare-'));
let shop: BareShop;

before(async () => {
  shop = await startBareShop(home);
});
after(async () => {
  await shop.stop();
  rmSync(home, { recursive: true });
});

/** Resident memory of a process. */
function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

/** A load, and when `condition` holds of what it saw so far. However late an answer, it counts as good. */
function loadWith(condition: (failures: Readonly<Record<string, number>>, good: number) => boolean) {
  const reached = Promise.withResolvers<void>();
  const load = startLoad({ url: shop.url, rate: 30, sloMs: 60_000 });
  const timer = setInterval(() => {
    const { failures, good } = load.summary();
    if (!condition(failures, good)) return;
    clearInterval(timer);
    reached.resolve();
  }, 50);
  return { load, reached: reached.promise };
}

test('users are served, and what they leave is theirs', async () => {
  const before = readShop(home);
  const { load, reached } = loadWith((_, good) => good >= 60);
  await reached;
  const summary = await load.stop();
  const after = readShop(home);
  assert.ok(after.orders.length > before.orders.length);
  assert.deepEqual(leaksIn(before, after, tracesOf(summary.run, summary.issued)), []);
});

test('a burst of errors reaches users until it is undone', async () => {
  const trouble = await startTrouble('error-burst', production(home));
  const during = loadWith((failures) => (failures['502'] ?? 0) >= 5);
  await during.reached;
  await trouble.stop();
  await during.load.stop();
  const after = loadWith((_, good) => good >= 60);
  await after.reached;
  const { offered, failed } = await after.load.stop();
  assert.ok(failed < offered / 10, `${failed} of ${offered} failed`);
});

test('a replica that crashes is another process each time, and stays when the trouble is over', async () => {
  const first = shop.pids('catalog');
  const trouble = await startTrouble('replica-crash', production(home));
  const pids = new Set<number>();
  const { load, reached } = loadWith(() => {
    pids.add(shop.pids('catalog')[0]!);
    return pids.size >= 3;
  });
  await reached;
  await trouble.stop();
  await load.stop();
  assert.ok(pids.size >= 3);
  assert.equal(shop.pids('catalog')[1], first[1], 'the other replica is left alone');
});

test('memory that leaks is resident', async () => {
  const trouble = await startTrouble('memory-leak', production(home));
  const pid = shop.pids('catalog')[1]!;
  const before = residentMb(pid);
  const grown = loadWith(() => residentMb(pid) > before + 30);
  await grown.reached;
  await trouble.stop();
  await grown.load.stop();
});
