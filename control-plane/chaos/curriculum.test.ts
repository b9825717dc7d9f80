import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FaultKind, faultKinds } from '../mesh/fault.ts';
import type { Mitigation } from '../mesh/mitigation.ts';
import type { Episode } from '../mesh/record.ts';
import { rngOf } from '../mesh/rng.ts';
import { shop } from '../telemetry/testing/traffic.ts';
import { createCurriculum, type Lesson } from './curriculum.ts';
import { keyOf, scenariosOf } from './scenarios.ts';

const scenarios = scenariosOf(shop(), new Set(Object.keys(faultKinds) as FaultKind[]));
const plan: Mitigation[] = [{ kind: 'failover', target: { edge: 'web>pay' }, strength: 1 }];
const make = (list = scenarios) => createCurriculum(list, { rng: rngOf(7), faultMs: 60_000 });

let serial = 0;
function episode(job: Lesson, more: Partial<Episode>): Episode {
  return {
    id: `e${++serial}`,
    startedAt: 0,
    fault: job.fault,
    control: job.type === 'control',
    ...(job.type === 'control' ? { controlOf: job.controlOf } : {}),
    tookEffect: true,
    reached: [],
    plan: [],
    decisions: [],
    goodBaseline: 1,
    goodFaulted: 0.4,
    recovered: false,
    ...more,
  };
}

test('the classes come first, each once', () => {
  const c = make();
  const seen = new Set<string>();
  for (let i = 0; i < 6; i++) {
    const job = c.next()!;
    assert.equal(job.type, 'explore');
    assert.ok(!seen.has(job.scenario.class));
    seen.add(job.scenario.class);
    c.learn(episode(job, { detectedAfterMs: 2000 }));
  }
  assert.equal(seen.size, 6);
});

test('a class that nothing shows of does not keep the others waiting', () => {
  const c = make();
  const kinds: string[] = [];
  for (let i = 0; i < 30; i++) {
    const job = c.next()!;
    kinds.push(job.scenario.class);
    const felt = job.scenario.class !== 'corruption';
    c.learn(episode(job, { tookEffect: felt, ...(felt ? { detectedAfterMs: 2000 } : {}) }));
  }
  assert.ok(kinds.filter((k) => k === 'corruption').length < 12, kinds.join(' '));
  assert.equal(new Set(kinds).size, 6);
});

test('explore, control of the very same fault, replay of what healed, then something new', () => {
  const c = make(scenarios.filter((s) => s.class === 'exception'));
  const first = c.next()!;
  const healed = episode(first, { detectedAfterMs: 2000, recovered: true, plan });
  c.learn(healed, 'control');
  const control = c.next()!;
  assert.ok(control.type === 'control');
  assert.deepEqual(control.fault, first.fault);
  assert.equal(control.controlOf, healed.id);
  c.learn(episode(control, { detectedAfterMs: 2000 }), 'success');
  const replay = c.next()!;
  assert.ok(replay.type === 'replay');
  assert.deepEqual(replay.plan, plan);
  assert.deepEqual(replay.fault, first.fault);
  c.learn(episode(replay, { detectedAfterMs: 2000, recovered: true, plan }), undefined);
  const next = c.next()!;
  assert.equal(next.type, 'explore');
  assert.notEqual(next.scenario.key, first.scenario.key);
});

test('what recovers by itself is not pursued', () => {
  const c = make(scenarios.filter((s) => s.class === 'exception'));
  const first = c.next()!;
  c.learn(episode(first, { detectedAfterMs: 2000, recovered: true, plan }), 'control');
  const control = c.next()!;
  c.learn(episode(control, { detectedAfterMs: 2000, recovered: true }), 'control');
  assert.equal(c.next()!.type, 'explore');
});

test('a replay that keeps failing is given up', () => {
  const c = make(scenarios.filter((s) => s.class === 'exception').slice(0, 1));
  c.learn(episode(c.next()!, { detectedAfterMs: 2000, recovered: true, plan }), 'success');
  let replays = 0;
  for (let i = 0; i < 20; i++) {
    const job = c.next()!;
    if (job.type === 'replay') replays++;
    c.learn(episode(job, { detectedAfterMs: 2000 }));
  }
  assert.ok(replays >= 2 && replays <= 5, `${replays}`);
});

test('tolerated: the magnitude rises, up to all of it', () => {
  const latency = scenarios.filter((s) => s.key === 'latency@cart');
  const c = make(latency);
  const magnitudes: number[] = [];
  for (let i = 0; i < 4; i++) {
    const job = c.next()!;
    magnitudes.push(job.fault.magnitude);
    c.learn(episode(job, {}));
  }
  assert.deepEqual(magnitudes, [0.5, 0.75, 1, 1]);
});

test('a fault the world refuses twice is set aside; one cut short by production comes again', () => {
  const [only] = scenarios.filter((s) => s.key === 'latency@cart');
  const c = make([only!]);
  c.refused(only!.key);
  assert.ok(c.next());
  c.refused(only!.key);
  assert.equal(c.next(), undefined);
  const d = make(scenarios.filter((s) => s.class === 'exception'));
  d.learn(episode(d.next()!, { detectedAfterMs: 2000, recovered: true, plan }), 'control');
  const control = d.next()!;
  assert.equal(control.type, 'control');
  d.again(control);
  let job = d.next()!;
  if (job.type === 'explore') job = d.next()!;
  assert.deepEqual(job, control);
});

test('a gentle intensity shakes less, but never changes which half of a kind it is', () => {
  const c = createCurriculum(
    scenarios.filter((s) => s.kind === 'latency' || s.kind === 'outage'),
    { rng: rngOf(1), faultMs: 1000, intensity: () => 0 },
  );
  for (let i = 0; i < 12; i++) {
    const job = c.next()!;
    if (job.scenario.kind === 'latency') assert.equal(job.fault.magnitude, 0.25);
    assert.equal(keyOf(job.fault), job.scenario.key);
    c.learn(episode(job, { detectedAfterMs: 2000 }));
  }
});
