import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { UmbraError } from '../mesh/errors.ts';
import type { Episode, Pattern } from '../mesh/record.ts';
import type { StoreProblem } from '../mesh/store.ts';
import { openStore } from './sqlite.ts';

function place(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'umbra-store-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'sub', 'store.db');
}

const episode = (n: number): Episode => ({
  id: `e${n}`,
  startedAt: n * 1000,
  fault: { kind: 'latency', target: { service: 'cart' }, magnitude: 0.5, share: 1, durationMs: 1000, seed: n },
  control: false,
  reached: [],
  plan: [],
  decisions: [],
  goodBaseline: 1,
  goodFaulted: Number.NEGATIVE_INFINITY,
  recovered: false,
});

const pattern: Pattern = {
  id: 'p1',
  signature: 'origin=cart slow',
  plan: [{ kind: 'scale', target: { service: 'cart' }, strength: 1 }],
  trials: 3,
  successes: 2,
  controls: 1,
  controlFailed: 1,
  interval: [0.2, 0.9],
  gain: 0.4,
  cost: 0.02,
  firstSeen: 1,
  lastSeen: 2,
  faults: ['latency'],
  status: 'candidate',
};

test('what was put is there after closing and opening, newest first, numbers as they were', (t) => {
  const path = place(t);
  const first = openStore(path);
  for (const n of [2, 1, 3]) first.episodes.put(episode(n));
  first.episodes.put({ ...episode(2), recovered: true });
  first.patterns.put(pattern);
  first.putBlob('policy', new Uint8Array([1, 2, 255]));
  first.putHealthy('shadow', { edges: {}, services: {}, goodput: 12.5 });
  first.ledger.append({ at: 5, amount: -2, balance: 8, why: 'latency@cart', episode: 'e1' });
  first.close();
  first.close();

  const again = openStore(path);
  t.after(() => again.close());
  assert.deepEqual(
    again.episodes.list().map((e) => [e.id, e.recovered]),
    [
      ['e3', false],
      ['e2', true],
      ['e1', false],
    ],
  );
  assert.deepEqual(again.episodes.get('e1'), episode(1));
  assert.deepEqual(
    again.episodes.list({ since: 2000, limit: 1 }).map((e) => e.id),
    ['e3'],
  );
  assert.equal(again.episodes.count(), 3);
  again.episodes.delete('e3');
  assert.equal(again.episodes.get('e3'), undefined);
  assert.deepEqual(again.patterns.list(), [pattern]);
  assert.deepEqual(again.blob('policy'), new Uint8Array([1, 2, 255]));
  assert.equal(again.blob('nothing'), undefined);
  assert.equal(again.healthy('shadow')?.goodput, 12.5);
  assert.equal(again.healthy('production'), undefined);
  assert.deepEqual(again.ledger.list(), [{ at: 5, amount: -2, balance: 8, why: 'latency@cart', episode: 'e1' }]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('worlds keep their leases apart', (t) => {
  const store = openStore(place(t));
  t.after(() => store.close());
  const fault = episode(1).fault;
  const lease = { type: 'fault', id: 'l', owner: 'chaos', reason: 'x', createdAt: 1, expiresAt: 2, fault } as const;
  store.leases('shadow').put(lease);
  assert.deepEqual(store.leases('shadow').list(), [lease]);
  assert.deepEqual(store.leases('production').list(), []);
});

test('episodes, decisions and the ledger are bounded, the audit log is not', (t) => {
  const path = place(t);
  const limits = { episodes: 10, ledger: 4 };
  const store = openStore(path, { limits });
  for (let n = 1; n <= 25; n++) {
    store.episodes.put(episode(n));
    store.ledger.append({ at: n, amount: 1, balance: n, why: 'refill' });
    store.audit.append({ at: n, by: 'operator', action: 'freeze', subject: 'all', detail: { n } });
  }
  assert.deepEqual(
    store.episodes.list().map((e) => e.id),
    Array.from({ length: 10 }, (_, i) => `e${25 - i}`),
  );
  assert.deepEqual(
    store.ledger.list().map((l) => l.at),
    [25, 24, 23, 22],
  );
  assert.equal(store.audit.list().length, 25);
  store.close();
});

test('the audit log only grows, whoever opens the file', (t) => {
  const path = place(t);
  const store = openStore(path);
  const one = store.audit.append({ at: 1, by: 'alice', action: 'undo', subject: 'l1', detail: { why: 'wrong' } });
  const two = store.audit.append({ at: 2, by: 'bob', action: 'freeze', subject: 'all', detail: undefined });
  assert.equal(two.seq, one.seq + 1);
  assert.deepEqual(store.audit.list({ afterSeq: one.seq }), [two]);
  store.close();

  const db = new DatabaseSync(path);
  for (const change of ["UPDATE audit SET by = 'mallory'", 'DELETE FROM audit']) {
    assert.throws(() => db.exec(change), /append-only/);
  }
  db.close();
  const again = openStore(path);
  t.after(() => again.close());
  assert.deepEqual(again.audit.list(), [two, one]);
});

test('who follows the audit log in small bites misses nothing, written or waiting', (t) => {
  const path = place(t);
  const store = openStore(path);
  t.after(() => store.close());
  const append = (n: number) => store.audit.append({ at: n, by: 'a', action: 'b', subject: 'c', detail: n });
  for (let n = 1; n <= 5; n++) append(n);
  const other = new DatabaseSync(path);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  for (let n = 6; n <= 8; n++) append(n);
  const seqs = (options: { limit?: number; afterSeq?: number }) => store.audit.list(options).map((e) => e.seq);
  const bites: number[][] = [];
  for (let bite = seqs({ limit: 3, afterSeq: 0 }); bite.length > 0; bite = seqs({ limit: 3, afterSeq: bite[0]! }))
    bites.push(bite);
  assert.deepEqual(bites, [
    [3, 2, 1],
    [6, 5, 4],
    [8, 7],
  ]);
  assert.deepEqual(seqs({ limit: 4 }), [8, 7, 6, 5], 'the newest, where nothing is followed');
});

const damaged: [name: string, damage: (path: string) => void][] = [
  ['not a database', (path) => writeFileSync(path, 'these are not the bytes of a database, by far'.repeat(50))],
  [
    'pages overwritten',
    (path) => {
      const bytes = readFileSync(path);
      bytes.fill(0xa5, 4096, 4096 * 6);
      writeFileSync(path, bytes);
    },
  ],
  ['cut short', (path) => truncateSync(path, 5000)],
  [
    'of a later version',
    (path) => {
      const db = new DatabaseSync(path);
      db.exec('PRAGMA user_version = 99');
      db.close();
    },
  ],
];
for (const [name, damage] of damaged) {
  test(`a store that is ${name} is refused with UMB0501 and left as it is`, (t) => {
    const path = place(t);
    const store = openStore(path);
    for (let n = 0; n < 50; n++) store.episodes.put(episode(n));
    store.close();
    damage(path);
    const before = readFileSync(path);
    assert.throws(
      () => openStore(path),
      (e: UmbraError) => e instanceof UmbraError && e.code === 'UMB0501' && e.message.includes(path) && e.remedy !== '',
    );
    assert.deepEqual(readFileSync(path), before);
  });
}

test('somebody else’s SQLite file is refused', (t) => {
  const path = place(t);
  openStore(path).close();
  const other = join(path, '..', 'other.db');
  const db = new DatabaseSync(other);
  db.exec('CREATE TABLE theirs (x)');
  db.close();
  assert.throws(() => openStore(other), /UMB0501|not one of Umbra/);
});

test('a folder in the file’s place is UMB0501', (t) => {
  const path = place(t);
  openStore(path).close();
  assert.throws(() => openStore(join(path, '..')), UmbraError);
});

test('what a locked file refuses waits in memory, is read from there, and is written in order later', (t) => {
  const path = place(t);
  const time = { now: 0 };
  const told: (StoreProblem | number)[] = [];
  const tell = (what: StoreProblem | number) => told.push(what);
  const store = openStore(path, { now: () => time.now, onProblem: tell, onWritten: tell });
  const fault = episode(1).fault;
  const lease = { type: 'fault', id: 'l', owner: 'chaos', reason: 'x', createdAt: 1, expiresAt: 2, fault } as const;
  store.leases('shadow').put(lease);
  store.episodes.put(episode(1));
  store.episodes.put(episode(2));
  const first = store.audit.append({ at: 1, by: 'a', action: 'b', subject: 'c', detail: 1 });

  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  store.leases('shadow').delete('l');
  store.episodes.put({ ...episode(2), recovered: true });
  store.episodes.put(episode(3));
  store.episodes.put({ ...episode(3), recovered: true });
  store.putHealthy('shadow', { edges: {}, services: {}, goodput: 3 });
  store.ledger.append({ at: 5, amount: -2, balance: 8, why: 'x' });
  const second = store.audit.append({ at: 2, by: 'a', action: 'b', subject: 'd', detail: 2 });
  const third = store.audit.append({ at: 3, by: 'a', action: 'b', subject: 'e', detail: 3 });
  const read = () => ({
    leases: store.leases('shadow').list(),
    episodes: store.episodes.list({ limit: 2 }).map((e) => [e.id, e.recovered]),
    since: store.episodes.list({ since: 1500 }).length,
    one: store.episodes.get('e2')?.recovered,
    goodput: store.healthy('shadow')?.goodput,
    audit: store.audit.list({ afterSeq: first.seq }),
  });
  const expected = {
    leases: [],
    episodes: [
      ['e3', true],
      ['e2', true],
    ],
    since: 2,
    one: true,
    goodput: 3,
    audit: [third, second],
  };
  assert.deepEqual(read(), expected);
  assert.deepEqual([second.seq, third.seq], [first.seq + 1, first.seq + 2]);
  assert.equal(told.length, 1);
  const [problem] = told as StoreProblem[];
  assert.match(problem!.reason, /locked/);
  assert.equal(problem!.unwritten, 1);
  assert.equal(store.problem()?.unwritten, 7);

  other.exec('ROLLBACK');
  other.close();
  assert.equal(store.problem()?.unwritten, 7, 'not tried again at once');
  time.now += 5000;
  assert.equal(store.problem(), undefined);
  assert.deepEqual(told.slice(1), [0], 'nothing was lost');
  assert.deepEqual(read(), expected);
  store.close();
  const again = openStore(path);
  t.after(() => again.close());
  assert.deepEqual(again.audit.list(), [third, second, first]);
  assert.deepEqual(again.leases('shadow').list(), []);
  assert.equal(again.healthy('shadow')?.goodput, 3);
  assert.equal(again.ledger.list().length, 1);
});

test('what waits is bounded, orders and leases are not what goes, and it is told what went', (t) => {
  const path = place(t);
  const time = { now: 0 };
  const written: number[] = [];
  const store = openStore(path, { now: () => time.now, onWritten: (lost) => written.push(lost) });
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  store.patterns.put(pattern);
  for (let n = 0; n < 2100; n++) store.episodes.put(episode(n));
  assert.deepEqual([store.problem()?.unwritten, store.problem()?.lost], [2000, 101]);
  other.exec('ROLLBACK');
  time.now += 5000;
  assert.equal(store.problem(), undefined);
  assert.deepEqual(written, [101]);

  other.exec('BEGIN IMMEDIATE');
  store.patterns.put({ ...pattern, trials: 4 });
  store.episodes.put({ ...episode(1), startedAt: Number.NaN });
  assert.equal(store.problem()?.lost, 0, 'what went before is past');
  other.close();
  store.close();
  assert.deepEqual(written, [101, 1], 'one is refused for its own sake');
  assert.equal(store.lost(), 102);
  const again = openStore(path);
  t.after(() => again.close());
  assert.deepEqual(again.patterns.list(), [{ ...pattern, trials: 4 }], 'closing tries once more');
  assert.equal(again.episodes.count(), 1999);
});

test('a write that is wrong in itself is the caller’s', (t) => {
  const store = openStore(place(t));
  t.after(() => store.close());
  assert.throws(() => store.episodes.put({ ...episode(1), startedAt: Number.NaN }), /NOT NULL/);
  assert.equal(store.problem(), undefined);
});

test('what a call wrote survives kill -9', async (t) => {
  const path = place(t);
  const script = `
    const { openStore } = await import(${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)});
    const store = openStore(${JSON.stringify(path)});
    for (let n = 1; ; n++) {
      store.audit.append({ at: n, by: 'x', action: 'y', subject: 'z', detail: n });
      // Without a pause a full pipe would never be drained.
      if (!process.stdout.write(n + '\\n')) await new Promise((done) => process.stdout.once('drain', done));
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = 0;
  for await (const line of createInterface({ input: child.stdout! })) {
    said = Number(line);
    if (said === 200) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');
  const store = openStore(path);
  t.after(() => store.close());
  const kept = store.audit.list();
  assert.ok(said >= 200);
  assert.ok(kept.length >= said, `${kept.length} kept of ${said} written`);
});
