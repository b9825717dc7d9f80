import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlaneStatus } from '../../control-plane/api/plane.ts';
import type { Report } from '../../control-plane/api/report.schema.ts';
import { assets } from '../../control-plane/assets.ts';
import { loadPolicy } from '../../control-plane/learning/session.ts';
import { createPolicies } from '../../control-plane/main/policies.ts';
import type { Lease } from '../../control-plane/mesh/lease.ts';
import type { AuditEntry, Override, Pattern } from '../../control-plane/mesh/record.ts';
import type { Store } from '../../control-plane/mesh/store.ts';
import { openStore } from '../../control-plane/store/sqlite.ts';
import { processesOf, whyNot } from '../local/machine.ts';
import { document, eventually } from '../local/running.ts';
import { bin, type Env, envOf, umbraUp } from './umbra-up.ts';

// The umbra command as a user has it, with the real control plane: what is wrong is said before anything is started, and what
// must survive a kill -9 does.

const skip = (await whyNot()) ?? false;
const folders: string[] = [];
const stops: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of stops) await stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function place(text = document({ shadow: false })): { folder: string; file: string; home: string; run: string } {
  // Short: Unix sockets live below it.
  const folder = mkdtempSync(join(tmpdir(), 'umbra-up-'));
  folders.push(folder);
  const file = join(folder, 'app.yaml');
  writeFileSync(file, text);
  return { folder, file, home: join(folder, 'h'), run: join(folder, 'h/tiny') };
}

/** A command that ends by itself. */
function umbra(home: string, args: string[], more: Env = {}): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    env: envOf(home, more),
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { code: status, text: stdout + stderr };
}

const up = (at: { file: string; home: string; run: string }, more: Env = {}) =>
  umbraUp(at, more, (stop) => stops.push(stop));

const wrong: [what: string, text: string, code: string, message: RegExp][] = [
  [
    'an unknown field',
    document({ shadow: false }).replace('replicas: 2', 'replicsa: 2'),
    'UMB0101',
    /app\.yaml:\d+:\d+: .*replicsa/,
  ],
  [
    'a missing command',
    document({ shadow: false }).replace(/command: \[node, [^\]]*\]/, ''),
    'UMB0101',
    /lacks the field "command"/,
  ],
  ['no YAML at all', '{{{', 'UMB0101', /app\.yaml:1/],
];
for (const [what, text, code, message] of wrong) {
  test(`${what} is said with its line, and nothing is started`, { skip }, () => {
    const at = place(text);
    const { code: exit, text: said } = umbra(at.home, ['up', '-f', at.file]);
    assert.equal(exit, 1, said);
    assert.ok(said.includes(code), said);
    assert.match(said, message);
    assert.throws(() => statSync(at.run), 'no run folder');
  });
}

test('no file, no Envoy, and a port that is taken are said, each with its remedy', { skip }, async () => {
  const at = place();
  const missing = umbra(at.home, ['up', '-f', join(at.folder, 'nothing.yaml')]);
  assert.equal(missing.code, 1);
  assert.match(missing.text, /UMB0102/);
  const noEnvoy = umbra(at.home, ['up', '-f', at.file], { ENVOY_BIN: join(at.folder, 'no-envoy') });
  assert.equal(noEnvoy.code, 1);
  assert.match(noEnvoy.text, /UMB0201[\s\S]*→ .*ENVOY_BIN/);
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => taken.once('listening', done));
  const { port } = taken.address() as { port: number };
  const inUse = umbra(at.home, ['up', '-f', at.file, '--port', String(port)]);
  taken.close();
  assert.equal(inUse.code, 1);
  assert.match(inUse.text, new RegExp(`UMB0401[\\s\\S]*${port}`));
});

test('a store that cannot be read stops the start; the file is left as it is and nothing runs', { skip }, () => {
  const at = place();
  mkdirSync(at.run, { recursive: true });
  writeFileSync(join(at.run, 'store.db'), 'this is no database, but somebody may need it');
  const { code, text } = umbra(at.home, ['up', '-f', at.file]);
  assert.equal(code, 1, text);
  assert.match(text, /UMB0501[\s\S]*→ /);
  assert.match(readFileSync(join(at.run, 'store.db'), 'utf8'), /somebody may need it/);
});

test('a corrupt model is told, and the static rules decide', { skip }, async () => {
  const at = place();
  const model = join(at.folder, 'corrupt.onnx');
  writeFileSync(model, 'no model');
  const running = await up(at, { UMBRA_MODEL: model });
  const status = await running.get<PlaneStatus>('/status');
  assert.equal(status.policy.kind, 'static');
  assert.match(status.policy.notes.join(), /UMB0601/);
  const { entry } = running.ready;
  assert.equal((await fetch(`http://${entry.host}:${entry.port}/healthz`)).status, 200);
  await running.stop();
});

/** Keeps a refinement of the shipped policy in `store`, as a run that promoted it does; its version. */
async function keepRefined(store: Store): Promise<string> {
  const policies = await createPolicies({
    model: assets.policyOnnx,
    card: assets.policyCard,
    store,
    random: Math.random,
    onProblem: (error) => assert.fail(String(error)),
  });
  const { bytes, card } = policies.base!;
  const refined = await loadPolicy(bytes, { ...card, version: `${card.version}+100` });
  policies.promote(refined);
  await refined.close();
  return refined.version;
}

/** Writes an incident that is over, as a control plane does. */
function recordIncident(path: string, onset: number): void {
  const store = openStore(path);
  store.incidents.put({
    id: 'i-recorded',
    onset,
    detectedAt: onset,
    recoveredAt: onset,
    closedAt: onset,
    goodputBefore: 10,
    goodputDuring: 5,
    signature: 'origin=api fail:errors part=half slow=0',
    origins: ['api'],
    plan: [],
    source: 'none',
    decisions: [],
    undone: 0,
    state: 'recovered',
    notes: [],
  });
  store.close();
}

test('kill -9 of the control plane: orders, patterns, the refined policy and audit are there again; a wrong token is refused', {
  skip,
}, async () => {
  const at = place();
  mkdirSync(at.run, { recursive: true, mode: 0o700 });
  const seeded: Pattern = {
    id: 'p-seeded',
    signature: 'origin=api fail:errors part=half slow=0',
    plan: [{ kind: 'retry', target: { edge: 'web>api' }, strength: 1 }],
    trials: 3,
    successes: 3,
    controls: 1,
    controlFailed: 1,
    interval: [0.44, 1],
    gain: 0.3,
    cost: 0.01,
    firstSeen: 1,
    lastSeen: 2,
    faults: ['abort'],
    status: 'trusted',
  };
  const store = openStore(join(at.run, 'store.db'));
  store.patterns.put(seeded);
  // A limit that nobody's traffic fits through, in force since an earlier run, and not the guardian's to take back.
  const edge = { rate: 400, p50: 5, p99: 50, inFlight: 2, goodRatio: 1, errorRatio: 0, windows: 10 };
  store.putHealthy('production', { edges: { 'web>api': edge }, services: {}, goodput: 400 });
  store.leases('production').put({
    type: 'mitigation',
    id: 'm-extreme',
    owner: 'operator',
    reason: 'a test',
    createdAt: Date.now(),
    expiresAt: Date.now() + 3600_000,
    mitigation: { kind: 'rate-limit', target: { edge: 'web>api' }, strength: 0.5 },
    setting: { edge: 'web>api', change: { rateLimit: 0.001 } },
  });
  const refined = await keepRefined(store);
  store.close();
  const running = await up(at);
  const policy = async () => (await running.get<PlaneStatus>('/status')).policy.version;
  assert.equal(await policy(), refined, 'what an earlier run refined');
  const calls = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const { host, port } = running.ready.entry;
      return (await fetch(`http://${host}:${port}/`)).status;
    }),
  );
  assert.ok(calls.includes(200), `${calls}`);
  assert.ok(!calls.includes(429), `half of the healthy rate always passes: ${calls}`);
  const inForce = await running.get<Lease[]>('/worlds/production/leases');
  assert.deepEqual(
    inForce.map((l) => l.id),
    ['m-extreme'],
  );
  assert.equal(statSync(running.ready.tokenFile).mode & 0o777, 0o600);

  const refused = umbra(at.home, ['override', 'freeze', '--token', 'wrong-wrong-wrong-wrong']);
  assert.equal(refused.code, 1);
  assert.match(refused.text, /UMB0801/);
  const frozen = umbra(at.home, ['override', 'freeze', '--reason', 'a test']);
  assert.equal(frozen.code, 0, frozen.text);
  const before = await running.get<AuditEntry[]>('/audit');
  assert.ok(before.some((e) => /freeze/.test(JSON.stringify(e))));
  assert.equal((await running.get<Report>('/report')).notes, undefined);
  recordIncident(join(at.run, 'store.db'), Date.now());

  const controls = () => processesOf(running.ready.runId, (command) => /control-plane[/\\]main\.[jt]s/.test(command));
  const [control] = controls();
  assert.ok(control, 'the control plane’s process');
  process.kill(control, 'SIGKILL');
  const { entry, api } = running.ready;
  let answered = 0;
  // Production answers all the while; the API comes back at the same address.
  for (;;) {
    assert.equal((await fetch(`http://${entry.host}:${entry.port}/healthz`)).status, 200);
    answered++;
    const back = await fetch(`${api}/api/v1/status`).then(
      (r) => r.ok,
      () => false,
    );
    const again = controls().some((pid) => pid !== control);
    if (back && again) break;
    await sleep(50);
  }
  assert.ok(answered > 1);
  assert.equal(await policy(), refined, 'and after the kill');
  const overrides = await running.get<Override[]>('/overrides');
  assert.ok(overrides.some((o) => o.order.type === 'freeze' && o.reason === 'a test'));
  assert.deepEqual(
    (await running.get<Pattern[]>('/patterns')).map((p) => p.id),
    ['p-seeded'],
  );
  const audit = await running.get<AuditEntry[]>('/audit?limit=500');
  for (const entry of before) assert.ok(audit.some((e) => e.seq === entry.seq && e.action === entry.action));
  const report = await running.get<Report>('/report');
  assert.equal(report.production.incidents.length, 1, 'the run began before the kill');
  assert.match(report.notes!.join(), /started again/);
  await running.stop();
});

test('a mode changed in the document counts from SIGHUP on; an order of the operator stands over it', {
  skip,
}, async () => {
  const at = place();
  const running = await up(at);
  const become = async (modes: { web: string; api: string }, documents: string) => {
    writeFileSync(at.file, documents);
    process.kill(running.ready.pid, 'SIGHUP');
    await eventually(async () => {
      const now = (await running.get<PlaneStatus>('/status')).modes;
      return now.web === modes.web && now.api === modes.api;
    }, 180_000);
  };
  const automatic = document({ shadow: false }).replaceAll('data: true', 'data: true\n      mode: auto');
  await become({ web: 'auto', api: 'auto' }, automatic);
  const ordered = umbra(at.home, ['override', 'mode', 'api', 'approve', '--reason', 'a test']);
  assert.equal(ordered.code, 0, ordered.text);
  await become({ web: 'off', api: 'approve' }, automatic.replaceAll('mode: auto', 'mode: off'));
  await running.stop();
});
