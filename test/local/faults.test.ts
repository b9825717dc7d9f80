import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Fault } from '../../control-plane/mesh/fault.ts';
import type { FaultLease } from '../../control-plane/mesh/lease.ts';
import type { ApplyResult } from '../../control-plane/mesh/world.ts';
import type { Description, FaultState } from '../../control-plane/worlds/local/protocol.ts';
import { stateOf } from '../../control-plane/worlds/local/supervisor/process-table.ts';
import { whyNoShadow, whyNot } from './machine.ts';
import { startPayee } from './payee.ts';
import { ask, document, eventually, makeHome, Running } from './running.ts';

const skip = (await whyNot()) ?? whyNoShadow() ?? false;
let running: Running;
let place: ReturnType<typeof makeHome>;
let payee: Awaited<ReturnType<typeof startPayee>>;

before(async () => {
  if (skip) return;
  payee = await startPayee();
  place = makeHome(
    document({
      web: ", PAY: '{{url.pay}}' }\n      calls: { api: { timeout: 10s }, pay: { timeout: 10s } }",
      externals: `externals: { pay: { url: 'http://127.0.0.1:${payee.port}' } }`,
    }),
  );
  running = await Running.up(place);
});
after(async () => {
  if (skip) return;
  await running.stop();
  await payee.close();
  place.remove();
});

let nextId = 0;
function lease(fault: Pick<Fault, 'kind' | 'target' | 'magnitude'>, durationMs = 600_000): FaultLease {
  const now = Date.now();
  return {
    type: 'fault',
    id: `f${nextId++}`,
    owner: 'chaos',
    reason: 'test',
    createdAt: now,
    expiresAt: now + durationMs,
    fault: { ...fault, share: 1, seed: 1, durationMs },
  };
}
const inject = async (l: FaultLease) => {
  const result = await running.tell<ApplyResult>('inject', l);
  assert.equal(result.state, 'effective', JSON.stringify(result));
};
const state = (l: FaultLease) => running.tell<FaultState>('faultState', l.id);
const ready = () => eventually(async () => (await ask(running.shadowIngress, '/ok')).status === 200);

test('an outage: replicas are killed, stay down, and come back when it is cleared', { skip }, async () => {
  await ready();
  const fault = lease({ kind: 'outage', target: { service: 'api' }, magnitude: 1 });
  await inject(fault);
  assert.equal((await state(fault)).inPlace, true);
  assert.equal((await ask(running.shadowIngress, '/down')).status, 503);
  assert.equal((await ask(running.entry, '/up')).status, 200, 'production is not touched');
  await running.tell('clear', fault.id);
  assert.equal((await state(fault)).inPlace, false);
  await ready();
});

test('an outage: one replica hangs, by its process state, until the fault expires by itself', { skip }, async () => {
  const fault = lease({ kind: 'outage', target: { service: 'api', replica: 0 }, magnitude: 0.2 }, 8000);
  await inject(fault);
  const now = await state(fault);
  assert.ok(now.inPlace, now.detail);
  await eventually(async () => !(await state(fault)).inPlace);
  await eventually(async () => {
    const { shadow } = await running.tell<{ shadow: FaultLease[] }>('leases');
    return shadow.length === 0;
  });
  await ready();
});

test('packet loss: rules in the shadow alone drop packets, and are gone after', { skip }, async (t) => {
  const { faults, missing } = await running.tell<{ faults: string[]; missing: Record<string, string> }>('capabilities');
  if (!faults.includes('packet-loss')) return t.skip(missing['packet-loss']);
  const fault = lease({ kind: 'packet-loss', target: { service: 'api' }, magnitude: 0.8 });
  await inject(fault);
  await eventually(async () => {
    await Promise.all(Array.from({ length: 5 }, () => ask(running.shadowIngress, '/lossy')));
    const during = await state(fault);
    assert.ok(during.inPlace, during.detail);
    return /[1-9]\d* dropped/.test(during.detail);
  });
  await running.tell('clear', fault.id);
  assert.deepEqual(await state(fault), { inPlace: false, detail: 'not in force' });
});

test('CPU and memory: limits of the replicas’ own control groups, drawn back after', { skip }, async (t) => {
  const { faults, missing } = await running.tell<{ faults: string[]; missing: Record<string, string> }>('capabilities');
  if (!faults.includes('cpu')) return t.skip(missing.cpu);
  const cpu = lease({ kind: 'cpu', target: { service: 'api' }, magnitude: 0.9 });
  await inject(cpu);
  assert.match((await state(cpu)).detail, /api\.0 may use 0\.\d+ cores/);
  await running.tell('clear', cpu.id);
  const memory = lease({ kind: 'memory', target: { service: 'api', replica: 1 }, magnitude: 0.5 });
  await inject(memory);
  assert.match((await state(memory)).detail, /api\.1 may use \d{7,} bytes/);
  await running.tell('clear', memory.id);
  await ready();
});

test('a dependency: its mock answers from what production was answered, and fails when told', { skip }, async () => {
  // Production pays for real; samples of that are recorded, redacted, and removed.
  await eventually(async () => {
    for (let i = 0; i < 20; i++)
      await ask(
        running.entry,
        '/pay/charge',
        'POST',
        JSON.stringify({ amount: 1234 + i, card: '4242 4242 4242 4242' }),
      );
    const { body } = await ask(running.shadowIngress, '/pay/charge', 'POST', '{"amount":77}');
    return body.includes('"via":"recorded"');
  });
  const paid = payee.requests();
  const { status, body } = await ask(running.shadowIngress, '/pay/charge', 'POST', '{"amount":4321}');
  assert.equal(status, 201, body);
  const answer = JSON.parse((JSON.parse(body) as { answer: string }).answer) as Record<string, unknown>;
  assert.equal(answer.charged, 4321, 'what the request said is said back');
  assert.equal(answer.token, 'redacted');
  assert.equal(payee.requests(), paid, 'the real one was not asked');

  const fault = lease({ kind: 'dependency', target: { service: 'pay' }, magnitude: 1 });
  await inject(fault);
  assert.equal((await ask(running.shadowIngress, '/pay/charge', 'POST', '{"amount":5}')).status, 503);
  assert.ok((await state(fault)).inPlace);
  await running.tell('clear', fault.id);
  assert.equal((await ask(running.shadowIngress, '/pay/charge', 'POST', '{"amount":5}')).status, 201);
});

test('faults of the filter kinds reach the shadow’s proxies and end', { skip }, async () => {
  const fault = lease({ kind: 'abort', target: { service: 'api' }, magnitude: 1 });
  await inject(fault);
  await eventually(async () => (await ask(running.shadowIngress, '/aborted')).status === 503);
  assert.equal((await ask(running.entry, '/fine')).status, 200);
  await running.tell('clear', fault.id);
  await ready();
});

test('what cannot be done is refused with the reason', { skip }, async () => {
  const refused = async (l: FaultLease) => {
    const result = await running.tell<ApplyResult>('inject', l);
    assert.equal(result.state, 'refused');
    return (result as { reason: string }).reason;
  };
  assert.match(await refused(lease({ kind: 'latency', target: { service: 'pay' }, magnitude: 1 })), /mock/);
  assert.match(await refused(lease({ kind: 'dependency', target: { service: 'api' }, magnitude: 1 })), /not outside/);
  assert.match(await refused(lease({ kind: 'outage', target: { service: 'nobody' }, magnitude: 1 })), /nobody/);
  assert.match(
    await refused(lease({ kind: 'outage', target: { service: 'api', replica: 9 }, magnitude: 1 })),
    /no such replica/,
  );
  assert.match(await refused(lease({ kind: 'outage', target: { service: 'api' }, magnitude: 1 }, -1)), /over/);
});

test('no process of the shadow or of production is left stopped', { skip }, async () => {
  const { shadow, production } = await running.tell<Description>('describe');
  assert.ok(shadow && production);
  await ready();
  assert.notEqual(stateOf(running.ready.pid), 'T');
});
