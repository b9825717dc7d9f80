import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ChaosEvent } from '../../control-plane/chaos/chaos-loop.ts';
import { createShopWorld } from '../../control-plane/guardian/testing/shop-world.ts';
import { codes } from '../../control-plane/mesh/codes.ts';
import type { Diagnosis } from '../../control-plane/mesh/record.ts';
import type { FaultableWorld } from '../../control-plane/mesh/world.ts';
import { faulted, type Run, start, until } from './chaos-scene.ts';

const quiet = { info() {}, warn() {}, error() {} };
const corruption = { kinds: ['corruption'], exclude: ['web', 'cart'] } as const;

/** What the world is asked for, in order; it fails as long as `full` is set. */
function fallible(t: TestContext, world: FaultableWorld, ...methods: ('resetState' | 'snapshotState')[]) {
  const disk = { full: false, asked: [] as string[] };
  for (const method of methods)
    t.mock.method(world, method, async () => {
      disk.asked.push(method);
      if (disk.full) throw new Error('no space left on device');
    });
  return disk;
}

function alerts() {
  const messages: string[] = [];
  return { messages, onEvent: (e: ChaosEvent) => void (e.type === 'alert' && messages.push(e.message)) };
}

const ended = (run: Run) => run.store.episodes.list().filter((e) => e.endedAt !== undefined).length;

const trouble: Diagnosis = {
  at: 0,
  symptoms: [{ kind: 'errors', target: { edge: 'web>pay' }, severity: 0.9, since: 0, growth: 0 }],
  origins: [{ service: 'pay', score: 1 }],
  impaired: true,
  goodRatio: 0.4,
};

test('a reset that fails after a corruption is attempted again, and nothing is broken before it succeeds', async (t) => {
  const world = createShopWorld(3, 'shadow');
  const disk = fallible(t, world, 'resetState');
  const told = alerts();
  const run = start({ world, logger: quiet, generator: corruption, onEvent: told.onEvent });
  await until(run, () => faulted(run));
  disk.full = true;
  const pending = run.loop.verify(trouble, [{ kind: 'failover', target: { edge: 'web>pay' }, strength: 1 }]);
  await until(run, () => ended(run) === 1);
  await until(run, () => disk.asked.length > 3);
  assert.equal(await pending, undefined, 'an incident of production does not wait for a disk');
  assert.equal(await run.loop.verify(trouble, []), undefined);
  assert.equal(run.store.episodes.count(), 1);
  const { problems, paused } = run.loop.status();
  assert.match(paused!, /no space left/);
  assert.deepEqual(problems, told.messages, 'the same words are told once');
  assert.match(problems[0]!, /^UMB1001 .*no space left on device/);
  assert.ok(problems[0]!.endsWith(codes.UMB1001.remedy));
  disk.full = false;
  await until(run, () => ended(run) > 1);
  assert.deepEqual(run.loop.status().problems, []);
  await run.end();
});

test('an episode whose own reset fails ends, and the state is put back before the next', async (t) => {
  const world = createShopWorld(3, 'shadow');
  const disk = fallible(t, world, 'resetState');
  const told = alerts();
  const generator = { kinds: ['abort'], exclude: ['web', 'cart'] } as const;
  const run = start({ world, logger: quiet, generator, onEvent: told.onEvent });
  await until(run, () => faulted(run));
  // What the fault left behind goes with a reset alone.
  world.ailments.set('pay', { errors: 0.9 });
  disk.full = true;
  await until(run, () => ended(run) === 1);
  assert.equal(run.store.episodes.list().at(-1)?.cleared, false);
  await until(run, () => disk.asked.length > 3);
  assert.equal(run.store.episodes.count(), 1);
  assert.ok(told.messages.some((m) => m.startsWith('UMB1001')));
  disk.full = false;
  world.ailments.clear();
  await until(run, () => ended(run) > 1);
  await run.end();
});

test('nothing is broken before the shadow’s state could be kept', async (t) => {
  const world = createShopWorld(3, 'shadow');
  const disk = fallible(t, world, 'snapshotState');
  disk.full = true;
  const told = alerts();
  const run = start({ world, logger: quiet, onEvent: told.onEvent });
  await until(run, () => disk.asked.length > 3);
  assert.equal(run.store.episodes.count(), 0);
  assert.match(told.messages[0]!, /UMB1001/);
  disk.full = false;
  await until(run, () => ended(run) > 0);
  await run.end();
});

test('after a death in a corruption the state is put back before it is kept', async (t) => {
  const first = start({ generator: corruption });
  await until(first, () => faulted(first));
  const world = createShopWorld(4, 'shadow');
  const disk = fallible(t, world, 'resetState', 'snapshotState');
  const again = start({ world, store: first.store, generator: corruption });
  await until(again, () => disk.asked.includes('snapshotState'));
  assert.deepEqual(disk.asked, ['resetState', 'snapshotState']);
  await again.end();
});

test('training that fails is told, and the shadow is broken on after a pause', async () => {
  const told = alerts();
  const lessons: number[] = [];
  const world = createShopWorld(3, 'shadow');
  let failing = true;
  const run = start({
    world,
    logger: quiet,
    onEvent: told.onEvent,
    onEpisode: async () => {
      lessons.push(world.clock.now());
      if (failing) throw new Error('the graph gave NaN');
    },
  });
  await until(run, () => lessons.length === 8);
  assert.match(told.messages[0]!, /^UMB0603 .*the graph gave NaN/);
  assert.deepEqual(run.loop.status().problems, told.messages);
  // The eighth failure in a row is followed by the longest pause.
  const before = world.clock.now();
  await until(run, () => faulted(run));
  assert.ok(world.clock.now() - before >= 60_000, `${world.clock.now() - before}`);
  failing = false;
  await until(run, () => lessons.length > 8 && run.loop.status().problems.length === 0);
  await run.end();
});

test('a loop that ends by itself says so', async (t) => {
  const world = createShopWorld(3, 'shadow');
  t.mock.method(world, 'capabilities', () => {
    throw new Error('unforeseen');
  });
  const told = alerts();
  const run = start({ world, logger: quiet, onEvent: told.onEvent });
  await until(run, () => told.messages.length > 0);
  assert.match(told.messages[0]!, /^UMB1002 .*unforeseen/);
  assert.deepEqual(run.loop.status().problems, told.messages);
  await assert.rejects(run.end(), /unforeseen/);
});
