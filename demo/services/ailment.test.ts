import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ailment } from './ailment.ts';

test('without an affliction a request is worked on', async () => {
  const ailment = new Ailment();
  assert.equal(ailment.takes(), false);
  assert.equal(await ailment.befall(100), 'work');
});

test('errors and hangs last until they are taken back', async () => {
  const ailment = new Ailment();
  const undoErrors = ailment.add({ errorShare: 1 });
  const undoHang = ailment.add({ hang: true });
  assert.equal(await ailment.befall(0), 'fail');
  assert.equal(ailment.takes(), true);
  undoErrors();
  undoErrors();
  assert.equal(await ailment.befall(0), 'work');
  assert.equal(ailment.takes(), true);
  undoHang();
  assert.equal(ailment.takes(), false);
});

test('a stall and a delay hold a request up by a clock', async () => {
  let now = 0;
  const ailment = new Ailment(undefined, () => now);
  const undo = ailment.add({ stallMs: 20 });
  const from = performance.now();
  await ailment.befall(0);
  // Timers may fire up to a millisecond early.
  assert.ok(performance.now() - from >= 19);
  now = 20;
  undo();
  ailment.add({ delayMs: 20 });
  const again = performance.now();
  await ailment.befall(0);
  assert.ok(performance.now() - again >= 19);
  ailment.clear();
});

test('a contended lock lets requests pass one at a time', async () => {
  const ailment = new Ailment();
  ailment.add({ contention: { baseMs: 15, perWaitingMs: 0, maxMs: 15 } });
  const from = performance.now();
  await Promise.all([ailment.befall(0), ailment.befall(0), ailment.befall(0)]);
  assert.ok(performance.now() - from >= 3 * 14);
});

test('a crash comes with the request it is set for', () => {
  const deaths: [string, number][] = [];
  const ailment = new Ailment((how, dyingMs) => void deaths.push([how, dyingMs]));
  ailment.takes();
  const undo = ailment.add({ crash: { afterRequests: 3, dyingMs: 7 } });
  ailment.takes();
  assert.deepEqual(deaths, []);
  ailment.takes();
  assert.deepEqual(deaths, [['crash', 7]]);
  undo();
  ailment.takes();
  assert.equal(deaths.length, 1);
});

test('leaked memory is kept, really, until it kills', async () => {
  const died = Promise.withResolvers<string>();
  const ailment = new Ailment((how) => died.resolve(how));
  const before = process.memoryUsage().arrayBuffers;
  const limitMb = process.memoryUsage.rss() / 1024 / 1024 + 20;
  const undo = ailment.add({ leak: { mbPerSecond: 100, msPerMb: 0, limitMb } });
  assert.equal(await died.promise, 'out of memory');
  assert.ok(process.memoryUsage().arrayBuffers - before >= 9 * 1024 * 1024);
  undo();
});

test('a burning replica uses the processor', async () => {
  const ailment = new Ailment();
  const before = process.cpuUsage().user;
  const used = () => process.cpuUsage().user - before;
  const undo = ailment.add({ burn: { busyMs: 20, freeMs: 1 } });
  // Turns of it, each waited for by a timer that can only fire between them; others may have the processor in some.
  for (let turn = 0; turn < 50 && used() < 20_000; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  undo();
  assert.ok(used() >= 20_000);
});
