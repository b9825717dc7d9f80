import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../mesh/fault.ts';
import type { LedgerEntry } from '../mesh/record.ts';
import { shop } from '../telemetry/testing/traffic.ts';
import { createBudget, type ProductionState } from './budget.ts';

function bench(options: { perHour?: number; capacity?: number } = {}) {
  const entries: LedgerEntry[] = [];
  const store = {
    ledger: {
      append: (e: LedgerEntry) => void entries.push(e),
      list: ({ limit = 100 } = {}) => [...entries].reverse().slice(0, limit),
    },
  };
  const time = { now: 0 };
  const clock = { now: () => time.now, sleep: async () => {} };
  const state: { -readonly [K in keyof ProductionState]: ProductionState[K] } = {
    impaired: false,
    incidentOpen: false,
    goodRatio: 1,
  };
  const make = () => createBudget({ store, clock, topology: shop(), production: () => state, ...options });
  return { entries, time, state, make };
}

const fault = (more: Partial<Fault> = {}): Fault => ({
  kind: 'latency',
  target: { service: 'pay' },
  magnitude: 0.5,
  share: 1,
  durationMs: 60_000,
  seed: 1,
  ...more,
});

test('a quote is share of edges × magnitude × share × seconds', () => {
  const budget = bench().make();
  // pay has two of the shop's four edges: web>pay and pay>bank.
  assert.equal(budget.quote(fault(), 20), 0.5 * 0.5 * 20);
  assert.equal(budget.quote(fault({ share: 0.5 }), 20), 0.5 * 0.5 * 0.5 * 20);
  assert.equal(budget.quote(fault({ target: { edge: 'web>cart' } }), 10), 0.25 * 0.5 * 10);
});

test('receipts are booked with the balance, refill in between as a line of its own, up to the capacity', () => {
  const b = bench({ capacity: 100, perHour: 60 });
  const budget = b.make();
  const first = budget.receipt('e1', fault(), 20);
  assert.equal(first.amount, -5);
  assert.equal(first.balance, 95);
  b.time.now += 60_000;
  budget.receipt('e2', fault(), 20, { lostGood: 2, mirrorCpuSeconds: 0.5 });
  assert.deepEqual(
    b.entries.map((e) => [Number(e.amount.toFixed(6)), Number(e.balance.toFixed(6)), e.episode]),
    [
      [-5, 95, 'e1'],
      [1, 96, undefined],
      [-7.5, 88.5, 'e2'],
    ],
  );
  b.time.now += 10 * 3600_000;
  assert.equal(budget.balance(), 100);
});

test('nothing is refilled or spent while production suffers', () => {
  const b = bench({ capacity: 100, perHour: 3600 });
  const budget = b.make();
  budget.receipt('e1', fault({ magnitude: 1 }), 100);
  const left = budget.balance();
  for (const trouble of [{ impaired: true }, { incidentOpen: true }, { goodRatio: 0.9 }]) {
    Object.assign(b.state, { impaired: false, incidentOpen: false, goodRatio: 1 }, trouble);
    b.time.now += 10_000;
    assert.equal(budget.balance(), left);
    assert.match(budget.refusal(fault())!, /production/);
    assert.equal(budget.intensity(), 0);
  }
  Object.assign(b.state, { impaired: false, incidentOpen: false, goodRatio: 1 });
  b.time.now += 10_000;
  assert.equal(budget.balance(), left + 10);
  assert.equal(budget.refusal(), undefined);
  assert.equal(budget.intensity(), 1);
});

test('what production paid is on the receipt: answers, CPU, and a later p99 as a share of the entry’s SLO', () => {
  const b = bench({ capacity: 100, perHour: 0 });
  const entry = b.make().receipt('e1', fault(), 20, { lostGood: 3, mirrorCpuSeconds: 0.25, addedP99Ms: 30 });
  // 5 for the fault, 3 answers, 0.25 s, and 20 s with a tenth of the SLO's 300 ms.
  assert.ok(Math.abs(entry.amount + 5 + 3 + 0.25 + 2) < 1e-9, `${entry.amount}`);
  assert.match(
    entry.why,
    /5\.3 of it in production \(0\.3 s of CPU for copies, 3 good answers lost, p99 30 ms later\)/,
  );
});

test('a full machine stops spending and not the refill', () => {
  const b = bench({ capacity: 100, perHour: 3600 });
  const budget = b.make();
  budget.receipt('e1', fault(), 40);
  b.state.busy = 0.99;
  b.time.now += 5000;
  assert.match(budget.refusal()!, /machine is full \(99% in use\)/);
  assert.equal(budget.balance(), 95);
  b.state.busy = 0.9;
  assert.equal(budget.refusal(), undefined);
});

test('what costs more than there is is refused with both numbers; intensity falls with a busy machine', () => {
  const b = bench({ capacity: 4, perHour: 0 });
  const budget = b.make();
  assert.match(budget.refusal(fault(), 20)!, /5\.0 .* 4\.0/);
  assert.equal(budget.refusal(fault(), 10), undefined);
  b.state.busy = 0.84;
  assert.ok(Math.abs(budget.intensity() - 0.5) < 1e-9);
  b.state.busy = 1;
  assert.equal(budget.intensity(), 0);
});

test('the balance survives a restart', () => {
  const b = bench({ capacity: 100, perHour: 0 });
  b.make().receipt('e1', fault(), 40);
  assert.equal(b.make().balance(), 90);
});
