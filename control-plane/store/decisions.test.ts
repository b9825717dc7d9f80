import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { Decision } from '../mesh/record.ts';
import { openStore } from './sqlite.ts';

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-decisions-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'store.db');
}

const decision = (world: Decision['world'], n: number): Decision => ({
  id: `d-${world}-${n}`,
  at: n,
  world,
  step: 1,
  source: 'policy',
  action: { do: 'wait' },
  candidates: [],
  snapshot: {
    world,
    at: n,
    windowMs: 1000,
    entry: { offered: 1, good: 1, failed: 0, protectedOffered: 0, protectedGood: 0 },
    edges: {},
    services: {},
    gaps: [],
  },
  diagnosis: { at: n, symptoms: [], origins: [], impaired: false, goodRatio: 1 },
  policyVersion: 'v',
  why: 'a test',
});
const ids = (decisions: readonly Decision[]) => decisions.map((d) => d.id);

test('the shadow’s decisions push out their own, never production’s', (t) => {
  const store = openStore(place(t), { limits: { decisions: 10 } });
  t.after(() => store.close());
  const first = decision('production', 1);
  store.decisions.put(first);
  for (let n = 2; n <= 13; n++) store.decisions.put(decision('shadow', n));
  assert.deepEqual(store.decisions.get(first.id), first);
  assert.equal(store.decisions.count(), 11);
  assert.equal(store.decisions.get('d-shadow-3'), undefined);
  for (let n = 14; n <= 24; n++) store.decisions.put(decision('production', n));
  assert.equal(store.decisions.get(first.id), undefined, 'production’s are bounded as well');
  assert.equal(store.decisions.get('d-shadow-4')?.at, 4);
});

test('they are listed as one, newest first', (t) => {
  const store = openStore(place(t));
  t.after(() => store.close());
  for (const n of [1, 4, 6]) store.decisions.put(decision('production', n));
  for (const n of [2, 3, 5]) store.decisions.put(decision('shadow', n));
  assert.deepEqual(
    store.decisions.list().map((d) => d.at),
    [6, 5, 4, 3, 2, 1],
  );
  assert.deepEqual(ids(store.decisions.list({ limit: 2, since: 2 })), ['d-production-6', 'd-shadow-5']);
  store.decisions.delete('d-shadow-5');
  assert.deepEqual(ids(store.decisions.list({ since: 4 })), ['d-production-6', 'd-production-4']);
});

test('in a store of an earlier version both worlds are found, and are apart from then on', (t) => {
  const path = place(t);
  openStore(path).close();
  const db = new DatabaseSync(path);
  const put = db.prepare("INSERT INTO item (collection, id, at, json) VALUES ('decision', ?, ?, ?)");
  const old = [decision('production', 1), ...[2, 3, 4, 5].map((n) => decision('shadow', n))];
  for (const d of old) put.run(d.id, d.at, JSON.stringify(d));
  db.close();
  const store = openStore(path, { limits: { decisions: 3 } });
  t.after(() => store.close());
  assert.deepEqual(ids(store.decisions.list()), ['d-shadow-5', 'd-shadow-4', 'd-shadow-3', 'd-production-1']);
});
